"""The share of a quota that many processes use, and the number of requests that the server refuses."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from bench.figures import Figure
from bench.harness import hashes, lines, refused, sandbox, settings, spent
from bench.installed import programs

_LIMIT, _WINDOW_S, _WINDOWS, _PROCESSES = 10, 20, 10, 16


def figures() -> list[Figure]:
    quota = f"{_LIMIT}/{_WINDOW_S}s"
    with sandbox("--quota", quota, "--latency", "0ms-500ms") as (url, log), tempfile.TemporaryDirectory() as folder:
        environment = settings(url, Path(folder) / "state.db", quota)
        command = [str(programs() / "vtaction"), "run"]
        crowd = []
        for number in range(_PROCESSES):
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
            )
            assert process.stdin is not None
            process.stdin.write(lines(hashes(200, str(number)), max_wait_s=3600))
            process.stdin.close()
            crowd.append(process)
        time.sleep(_WINDOW_S * _WINDOWS)
        granted, turned_away = spent(log), refused(log)
        for process in crowd:
            process.kill()
            process.wait()
    allowed = _LIMIT * _WINDOWS
    what = f"requests granted in {_WINDOWS} windows of {_WINDOW_S} s, {_PROCESSES} processes, latency 0 to 500 ms"
    return [
        Figure(what, str(granted), str(allowed), granted / allowed, "at least", 0.97),
        Figure("of these refused by the server, ever", str(turned_away), "0", float(turned_away), "exactly", 0.0),
    ]
