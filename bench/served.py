"""`vtaction serve`: cached answers beside a bare waitress application, beside callers that wait, and fair waits."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.figures import Figure
from bench.harness import hashes, sandbox, settings
from bench.installed import PROJECT, programs

_CLIENTS, _WAITING, _ROUNDS, _SECONDS = 16, 64, 5, 4.0
_HASHES = 100
# Of the fairness measurement: one client floods, the others ask one thing at a time.
_OTHERS, _EACH, _QUOTA, _RATE = 5, 3, "2/2s", 1.0


class Server(NamedTuple):
    """A running server, and a token for each name."""

    port: int
    tokens: dict[str, str]

    def run(self, document: dict[str, Any], name: str = "bench") -> dict[str, Any]:
        """The response to a request document."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        headers = {"Authorization": f"Bearer {self.tokens[name]}", "Content-Type": "application/json"}
        try:
            connection.request("POST", "/v1/run", json.dumps(document), headers)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
            return answer
        finally:
            connection.close()

    def http_request(self, value: str, port: int | None = None) -> str:
        """A lookup as it is sent."""
        body = json.dumps(_lookup(value))
        return (
            f"POST /v1/run HTTP/1.1\r\nHost: 127.0.0.1:{port or self.port}\r\n"
            f"Authorization: Bearer {self.tokens['bench']}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )


class Load(NamedTuple):
    """Answers a second, and the time of the median and of the slowest hundredth in milliseconds."""

    rate: float
    p50_ms: float
    p99_ms: float


def figures() -> list[Figure]:
    with sandbox("--quota", "none") as (url, _):
        with _server(url, "none", ["bench"]) as server:
            values = _known(server)
            beside = _beside_bare(server, values)
        return [*beside, _while_others_wait(url), _fairness(url)]


def _lookup(value: str, **options: Any) -> dict[str, Any]:
    return {"action": "lookup_hash", "params": {"hash": value}, "options": options}


def _known(server: Server) -> list[str]:
    """Hashes with a cached report."""
    found = [value for value in hashes(4 * _HASHES) if server.run(_lookup(value))["status"] == "ok"]
    return found[:_HASHES]


def _beside_bare(server: Server, values: list[str]) -> list[Figure]:
    body = json.dumps(server.run(_lookup(values[0]))).encode()
    with _bare(body) as port:
        pairs = []
        for _ in range(_ROUNDS):
            ours = _load(server.port, [server.http_request(value) for value in values])
            pairs.append((ours, _load(port, [server.http_request(value, port) for value in values])))
    (rate, bare_rate), (p50, bare_p50), (p99, bare_p99) = (_medians(pairs, field) for field in Load._fields)
    note = f"the median answer takes {p50:.1f} ms, beside {bare_p50:.1f} ms; an answer has {len(body):,} bytes"
    what = f"cached answers over HTTP with {_CLIENTS} clients, beside a bare waitress application with the same bytes"
    return [
        Figure(what, f"{rate:,.0f}/s", f"{bare_rate:,.0f}/s", rate / bare_rate, "at least", 0.5, note),
        Figure(f"{what}: p99", f"{p99:.1f} ms", f"{bare_p99:.1f} ms", p99 / bare_p99, "at most", 3.0),
    ]


def _medians(pairs: list[tuple[Load, Load]], field: str) -> tuple[float, float]:
    return median(getattr(ours, field) for ours, _ in pairs), median(getattr(bare, field) for _, bare in pairs)


def _while_others_wait(url: str) -> Figure:
    """Cached answers while others wait for quota, beside the same without them."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state.db"
        with _server(url, "none", ["bench"], state) as server:
            values = _known(server)
        with _server(url, "1/minute", ["bench", "waiting"], state) as server:
            requests = [server.http_request(value) for value in values]
            alone = median(_load(server.port, requests).p99_ms for _ in range(_ROUNDS))
            with _waiters(server):
                together = median(_load(server.port, requests).p99_ms for _ in range(_ROUNDS))
    what = f"p99 of cached answers while {_WAITING} clients wait for quota, beside the p99 without them"
    return Figure(what, f"{together:.1f} ms", f"{alone:.1f} ms", together / alone, "at most", 2.0)


@contextlib.contextmanager
def _waiters(server: Server) -> Iterator[None]:
    """Clients that repeat lookups. Each waits for quota, or gets the time of its next try."""
    is_over = threading.Event()

    def repeat(number: int) -> None:
        for value in hashes(1000, f"waits {number} "):
            if is_over.is_set():
                return
            with contextlib.suppress(OSError, ValueError):
                answer = server.run(_lookup(value, max_wait_s=60), "waiting")
                is_over.wait(min((answer["error"] or {}).get("retry_after_s") or 0.0, 1.0))

    threads = [threading.Thread(target=repeat, args=(number,), daemon=True) for number in range(_WAITING)]
    for thread in threads:
        thread.start()
    time.sleep(2.0)
    yield
    is_over.set()


def _fairness(url: str) -> Figure:
    """The longest wait of clients with one request at a time, while another one floods."""
    names = ["flood", *(f"client{number}" for number in range(_OTHERS))]
    waits: list[float] = []
    with _server(url, _QUOTA, names) as server:
        flood = [
            threading.Thread(target=server.run, args=(_lookup(value, max_wait_s=300), "flood"), daemon=True)
            for value in hashes(30, "flood")
        ]

        def client(name: str) -> None:
            for value in hashes(_EACH, name):
                began = time.monotonic()
                while server.run(_lookup(value, max_wait_s=300), name)["status"] == "error":
                    time.sleep(0.2)
                waits.append(time.monotonic() - began)

        others = [threading.Thread(target=client, args=(name,)) for name in names[1:]]
        for thread in flood:
            thread.start()
        time.sleep(1.0)
        for thread in others:
            thread.start()
        for thread in others:
            thread.join()
    limit_s = (len(names) + 1) / _RATE
    what = f"the longest wait of {_OTHERS} clients while another floods, beside (clients + 1) / rate"
    return Figure(what, f"{max(waits):.1f} s", f"{limit_s:.1f} s", max(waits) / limit_s, "at most", 1.0)


@contextlib.contextmanager
def _server(url: str, quota: str, names: list[str], state: Path | None = None) -> Iterator[Server]:
    """`vtaction serve`, with a token for each of `names`."""
    vtaction = str(programs() / "vtaction")
    with tempfile.TemporaryDirectory(prefix="vt-serve-") as folder:
        tokens_file = str(Path(folder) / "tokens.json")
        environment = settings(url, state or Path(folder) / "state.db", quota)
        add = [vtaction, "serve", "token", "add", "--tokens", tokens_file, "--max-wait", "300"]
        tokens = {
            name: subprocess.run(
                [*add, name], env=environment, check=True, capture_output=True, text=True
            ).stdout.strip()
            for name in names
        }
        command = [vtaction, "serve", "--listen", "127.0.0.1:0", "--tokens", tokens_file, "--audit", f"{folder}/audit"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
        assert process.stdout is not None
        try:
            yield Server(int(process.stdout.readline().rsplit(":", 1)[1].strip(" /\n")), tokens)
        finally:
            process.terminate()
            process.wait(40)


@contextlib.contextmanager
def _bare(body: bytes) -> Iterator[int]:
    """The port of the bare application."""
    command = [str(programs() / "python"), "-m", "bench.bare_server"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(body)
    process.stdin.close()
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def _load(port: int, requests: list[str]) -> Load:
    command = [str(programs() / "python"), "-m", "bench.load", "127.0.0.1", str(port)]
    command += ["--clients", str(_CLIENTS), "--seconds", str(_SECONDS)]
    done = subprocess.run(command, input=json.dumps(requests), capture_output=True, text=True, cwd=PROJECT, check=True)
    found = json.loads(done.stdout)
    assert set(found["statuses"]) == {"200"}, found["statuses"]
    times = sorted(found["times"])
    return Load(len(times) / found["seconds"], times[len(times) // 2] * 1e3, times[len(times) * 99 // 100] * 1e3)
