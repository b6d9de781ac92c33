"""`make plots`: eight processes, one key, the public quota, five minutes. Writes docs/quota.json and docs/quota.svg.

The sandbox enforces 4 requests a minute and logs the time of each. Eight `vtaction run` processes start together and
look up the same 24 hashes, each in a different order. `--draw` only draws the picture again from the last run.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.quota_picture import LIMIT, WINDOW_S, draw, most_in_a_window
from vt_connectors import __version__
from vt_connectors.sandbox import SandboxServer

PROJECT = Path(__file__).resolve().parent.parent
FIGURES, PICTURE = PROJECT / "docs" / "quota.json", PROJECT / "docs" / "quota.svg"
PROCESSES, HASHES = 8, 24
PATIENCE_S = 900


def main() -> None:
    """Run and draw; with `--draw` only draw."""
    if sys.argv[1:] != ["--draw"]:
        print(f"{PROCESSES} processes look up {HASHES} hashes each: this takes five minutes ...")
        FIGURES.write_text(json.dumps(measure(), indent=1) + "\n", "utf-8")
    figures = json.loads(FIGURES.read_text("utf-8"))
    PICTURE.write_text(draw(figures), "utf-8")
    told = {name: value for name, value in figures.items() if name != "arrivals"}
    print(json.dumps(told))


def measure() -> dict[str, Any]:
    """The sandbox's log of one run."""
    hashes = [hashlib.md5(f"sample {number}".encode()).hexdigest() for number in range(HASHES)]
    with SandboxServer() as sandbox, tempfile.TemporaryDirectory(prefix="vt-plot-") as folder:
        answers = _answers(hashes, _environment(sandbox.url, Path(folder)))
        arrived = sandbox.requests
        refused = sandbox.refused
    first = arrived[0].arrived_at
    asked_by = {answer["id"]: number for number, lines in enumerate(answers) for answer in lines if _asked(answer)}
    arrivals = [
        {"at_s": round(entry.arrived_at - first, 3), "process": asked_by[entry.path.rsplit("/", 1)[-1]] + 1}
        for entry in arrived
    ]
    seconds = arrivals[-1]["at_s"]
    least = (len(hashes) // LIMIT - 1) * WINDOW_S
    return {
        "version": __version__,
        "python": platform.python_version(),
        "processes": PROCESSES,
        "hashes": len(hashes),
        "questions": sum(len(lines) for lines in answers),
        "answered": sum(answer["status"] in ("ok", "not_found") for lines in answers for answer in lines),
        "requests": len(arrivals),
        "refused": refused,
        "seconds": seconds,
        "least_seconds": least,
        "share_of_allowed": round(least / seconds, 4),
        "most_in_any_window": most_in_a_window([entry["at_s"] for entry in arrivals]),
        "arrivals": arrivals,
    }


def _environment(url: str, folder: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("VT_")}
    return {**ours, "VT_API_URL": url, "VT_API_KEY": "sandbox", "VT_STATE": str(folder / "state.db")}


def _answers(hashes: Sequence[str], environment: dict[str, str]) -> list[list[dict[str, Any]]]:
    """The answers of each process. All processes are started before any gets its requests."""
    command = [sys.executable, "-m", "vt_connectors", "run"]
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, cwd=PROJECT, text=True)
        for _ in range(PROCESSES)
    ]
    for number, process in enumerate(started):
        turn = number * len(hashes) // PROCESSES
        assert process.stdin is not None
        process.stdin.write("".join(_request(value) for value in (*hashes[turn:], *hashes[:turn])))
        process.stdin.close()
        process.stdin = None
    return [
        [json.loads(line) for line in process.communicate(timeout=PATIENCE_S)[0].splitlines()] for process in started
    ]


def _request(value: str) -> str:
    request = {"id": value, "action": "lookup_hash", "params": {"hash": value}, "options": {"max_wait_s": PATIENCE_S}}
    return json.dumps(request) + "\n"


def _asked(answer: dict[str, Any]) -> bool:
    """Whether this answer's process sent the request; others got the answer from the cache, or shared it."""
    return bool(answer["meta"]["source"] == "api")


if __name__ == "__main__":
    main()
