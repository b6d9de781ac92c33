"""The speed of `vtaction enrich` with cached answers, beside a filter that only parses each line, and `cat`.

    python -m bench enrich

Each is started alone with a file of events as its input and a pipe as its output; its time counts from start to end.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.figures import Figure
from bench.harness import sandbox, settings
from bench.installed import programs

EVENTS, _DISTINCT, _ROUNDS = 200_000, 2_000, 5
_PIECE_BYTES = 65536
# Reads and writes as fast as plain Python does, and parses what it passes on.
_IDENTITY = """
import json, sys
write = sys.stdout.write
for line in sys.stdin:
    json.loads(line)
    write(line)
"""


def figures() -> list[Figure]:
    bin_folder = programs()
    with sandbox("--quota", "none") as (url, _), tempfile.TemporaryDirectory() as folder:
        variables = settings(url, Path(folder) / "state.db")
        events = Path(folder) / "events.ndjson"
        ours = [str(bin_folder / "vtaction"), "enrich", "--field", "md5:hash", "--only", "verdict,detections,link"]
        identity = [str(bin_folder / "python"), "-c", _IDENTITY]
        _write(events, _DISTINCT)
        _run([*ours, "--max-wait", "5m"], events, variables)
        _write(events, EVENTS)
        # In turn, so that all meet the same load.
        rounds = [[_run(command, events, variables) for command in (ours, identity, ["cat"])] for _ in range(_ROUNDS)]
    ours_s, identity_s, cat_s = (median(times) for times in zip(*rounds))
    what = (
        f"`vtaction enrich`, {EVENTS:,} events, {_DISTINCT:,} distinct cached hashes, beside a filter that only parses"
    )
    rates = [f"{EVENTS / lasted:,.0f} events/s" for lasted in (ours_s, identity_s, cat_s)]
    note = f"`cat` as the filter: {rates[2]}"
    return [Figure(what, rates[0], rates[1], identity_s / ours_s, "at least", 0.5, note)]


def _run(command: list[str], events: Path, variables: dict[str, str]) -> float:
    began = perf_counter()
    with events.open("rb") as stdin:
        process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, env=variables, cwd=events.parent)
    assert process.stdout is not None
    lines = 0
    while piece := process.stdout.read(_PIECE_BYTES):
        lines += piece.count(b"\n")
    process.wait()
    assert process.returncode == 0
    assert lines == events.read_bytes().count(b"\n")
    return perf_counter() - began


def _write(events: Path, count: int) -> None:
    with events.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps(_event(number)) + "\n")


def _event(number: int) -> dict[str, object]:
    md5 = hashlib.md5(b"event %d" % (number * 7 % _DISTINCT), usedforsecurity=False).hexdigest()
    host = f"pc-{number % 250:03d}"
    return {
        "@timestamp": f"2026-02-03T04:05:{number % 60:02d}.{number % 1000:03d}Z",
        "host": {"name": host, "ip": f"10.0.{number % 250}.7"},
        "event": {"action": "create", "dataset": "endpoint.process", "severity": number % 10},
        "user": f"CORP\\u{number % 250}",
        "image": f"C:\\Program Files\\App {number % 97}\\app.exe",
        "md5": md5,
        "pid": 1000 + number % 30_000,
    }
