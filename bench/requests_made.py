"""The number of requests of many processes that look up the same indicators."""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
from pathlib import Path

from bench.figures import Figure
from bench.harness import hashes, lines, sandbox, settings, spent
from bench.installed import programs

_PROCESSES, _HASHES = 16, 1000
_ONE_EACH = (("lookup_domain", "domain", "example.com"), ("lookup_ip", "ip", "8.8.8.8"))
_URL = ("lookup_url", "url", "http://malicious.example/payload.bin")


def figures() -> list[Figure]:
    with sandbox("--quota", "none") as (url, log), tempfile.TemporaryDirectory() as folder:
        environment = settings(url, Path(folder) / "state.db")
        _crowd([_shuffled(number) for number in range(_PROCESSES)], environment)
        many = spent(log)
        requests = [{"action": action, "params": {name: value}} for action, name, value in (*_ONE_EACH, _URL)]
        _crowd(["".join(json.dumps(request) + "\n" for request in requests).encode()] * _PROCESSES, environment)
        single = spent(log) - many
    return [
        Figure(
            f"requests of {_PROCESSES} processes that look up the same {_HASHES:,} hashes",
            f"{many:,}",
            f"{_HASHES:,}",
            many / _HASHES,
            "exactly",
            1.0,
        ),
        Figure(
            f"requests of {_PROCESSES} processes for one domain, one address, one URL",
            str(single),
            "3",
            single / 3,
            "exactly",
            1.0,
        ),
    ]


def _shuffled(seed: int) -> bytes:
    wanted = hashes(_HASHES)
    random.Random(seed).shuffle(wanted)
    return lines(wanted, max_wait_s=600)


def _crowd(inputs: list[bytes], environment: dict[str, str]) -> None:
    command = [str(programs() / "vtaction"), "run"]
    crowd = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment) for _ in inputs
    ]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(crowd)) as pool:
        list(pool.map(lambda pair: pair[0].communicate(pair[1], timeout=900), zip(crowd, inputs)))
    assert {process.returncode for process in crowd} == {0}
