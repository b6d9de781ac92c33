"""The common part of the measurements: the sandbox as a process, and our installed program."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Callable

from bench.installed import PROJECT, programs

KEY = "k" * 64


@contextlib.contextmanager
def sandbox(*options: str) -> Iterator[tuple[str, Path]]:
    """The sandbox in a separate process: its URL, and its log with a line for each request."""
    with tempfile.TemporaryDirectory(prefix="vt-bench-") as folder:
        log = Path(folder) / "requests.log"
        command = [str(programs() / "vtaction"), "sandbox", "--port", "0", "--log", *options]
        with log.open("wb") as stderr:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, cwd=PROJECT)
        assert process.stdout is not None
        try:
            yield process.stdout.readline().decode().split(" at ")[1].split()[0], log
        finally:
            process.terminate()
            process.wait(20)


def spent(log: Path) -> int:
    """The number of requests that the server charged to the quota."""
    return sum(int(found[1]) for found in re.finditer(r" spent (\d+)", log.read_text("utf-8")))


def refused(log: Path) -> int:
    """The number of requests that the server refused for lack of quota."""
    return len(re.findall(r" refused\b", log.read_text("utf-8")))


def settings(url: str, state: Path, quota: str = "none") -> dict[str, str]:
    """The environment for our programs."""
    # An empty VT_CONFIG, so that nothing comes from this user's configuration file.
    ours = {"VT_API_URL": url, "VT_API_KEY": KEY, "VT_STATE": str(state), "VT_QUOTA": quota, "VT_CONFIG": ""}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VT_", "PYTHON"))}
    return {**inherited, **ours}


def lines(hashes: list[str], **options: Any) -> bytes:
    """Requests for the runner."""
    requests = ({"action": "lookup_hash", "params": {"hash": value}, "options": options} for value in hashes)
    return "".join(json.dumps(request) + "\n" for request in requests).encode()


def hashes(count: int, seed: str = "") -> list[str]:
    """Distinct hashes that are not cached."""
    import hashlib

    return [hashlib.sha256(f"{seed}{number}".encode()).hexdigest() for number in range(count)]


def seconds(work: Callable[[], Any], rounds: int = 5) -> float:
    """The median time of `work`."""
    times = []
    for _ in range(rounds):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return median(times)
