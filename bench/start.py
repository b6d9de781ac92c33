"""How long `vtaction run` takes for one cached answer, beside a Python that imports `json` and `sqlite3`."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.figures import Figure
from bench.harness import hashes, lines, sandbox, settings
from bench.installed import programs

_ROUNDS = 40


def figures() -> list[Figure]:
    bin_folder = programs()
    with sandbox("--quota", "none") as (url, _), tempfile.TemporaryDirectory() as folder:
        variables = settings(url, Path(folder) / "state.db")
        request = lines(hashes(1))

        def start(*command: str) -> float:
            began = perf_counter()
            subprocess.run(command, input=request, env=variables, stdout=subprocess.DEVNULL, check=True)
            return perf_counter() - began

        ours, theirs = [str(bin_folder / "vtaction"), "run"], [str(bin_folder / "python"), "-c", "import json, sqlite3"]
        for _ in range(2):  # compiled, and in the cache
            start(*ours)
        # In turn, so that both meet the same load.
        pairs = [(start(*ours), start(*theirs)) for _ in range(_ROUNDS)]
    ours_s, theirs_s = (median(pair[side] for pair in pairs) for side in (0, 1))
    what = "`vtaction run`, one cached lookup, start to exit, beside `python -c 'import json, sqlite3'`, from a wheel"
    return [Figure(what, f"{ours_s * 1000:.0f} ms", f"{theirs_s * 1000:.0f} ms", ours_s / theirs_s, "at most", 1.6)]
