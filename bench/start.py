"""The time of `vtaction run` for one cached answer, compared to a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.figures import Figure
from bench.harness import hashes, lines, sandbox, seconds, settings

_ROUNDS = 25


def figures() -> list[Figure]:
    with sandbox("--quota", "none") as (url, _), tempfile.TemporaryDirectory() as folder:
        environment = settings(url, Path(folder) / "state.db")
        request = lines(hashes(1))
        run = [sys.executable, "-m", "vt_connectors", "run"]
        bare = [sys.executable, "-c", "pass"]

        def start(command: list[str]) -> None:
            subprocess.run(command, input=request, env=environment, stdout=subprocess.DEVNULL, check=True)

        start(run)
        ours, theirs = seconds(lambda: start(run), _ROUNDS), seconds(lambda: start(bare), _ROUNDS)
    what = "`vtaction run`, one cached lookup, start to exit, beside `python -c pass`"
    return [Figure(what, f"{ours * 1000:.0f} ms", f"{theirs * 1000:.0f} ms", ours / theirs, "at most", 3.5)]
