"""`vtaction serve` under mixed load for a long time: every call gets a right answer, and the memory does not grow."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bench.soak.drill import KEY, Effort, Tally
from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

_CLIENTS = 8
_QUICK_S, _LONG_S = 3.0, 3600.0
# Seconds between two calls of a client: a busy server, on a machine that does other things too.
_PAUSE_S = 0.2
# The cache in memory fills during the first part; its size is compared with the end's.
_SETTLED_PART = 0.25
_MAY_GROW_BYTES = 24 * 1024 * 1024
_VALUES = 3000
_RIGHTS = "read,submit,comment,raw,metrics"


class _Call(NamedTuple):
    """A call, and the statuses that are right answers to it."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = "application/json"
    right: tuple[int, ...] = (200,)
    has_token: bool = True


def tallies(effort: Effort) -> Iterator[Tally]:
    seconds = _LONG_S if effort.is_long else _QUICK_S
    answers = Tally(
        f"calls of {_CLIENTS} clients, {seconds / 60:.0f} minutes of mixed load", "not answered, or wrongly"
    )
    memory = Tally("memory, files and threads of the server meanwhile", "grown after the cache in memory was full")
    with SandboxServer(Quota.unlimited(), config=SandboxConfig(queued_s=0, completed_s=0)) as sandbox:
        server = _Server(effort.place("served"), sandbox.url)
        try:
            _load(server, seconds, effort.seed, answers, memory, is_long=effort.is_long)
        finally:
            status = server.stop()
        answers.count(*([] if status == 0 else [f"the server ended with {status}"]))
    yield answers
    yield memory


def _load(server: _Server, seconds: float, seed: int, answers: Tally, memory: Tally, *, is_long: bool) -> None:
    until, lock = time.monotonic() + seconds, threading.Lock()

    def client(number: int) -> None:
        chance = random.Random(seed + number)
        while time.monotonic() < until:
            call = chance.choice(_CALLS)(chance)
            loss = server.loss(call)
            with lock:
                answers.count(*([f"{loss} (seed {seed})"] if loss else []))
            time.sleep(chance.uniform(0, 2 * _PAUSE_S))

    clients = [threading.Thread(target=client, args=(number,)) for number in range(_CLIENTS)]
    for thread in clients:
        thread.start()
    time.sleep(seconds * _SETTLED_PART)
    before = server.use()
    for thread in clients:
        thread.join()
    after = server.use()
    losses = []
    if is_long and after.bytes - before.bytes > _MAY_GROW_BYTES:
        losses.append(f"from {before.bytes:,} to {after.bytes:,} bytes")
    # In a short run, threads have not opened all their files yet.
    has_grown = after.files > before.files + 2 * _CLIENTS or after.threads > before.threads + _CLIENTS
    if is_long and has_grown:
        losses.append(f"from {before} to {after}")
    memory.count(*losses)


class _Use(NamedTuple):
    bytes: int
    files: int
    threads: int


class _Server:
    """The process, and calls to it."""

    def __init__(self, folder: Path, url: str) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VT_")}
        self._environment = {
            **inherited,
            "VT_API_URL": url,
            "VT_API_KEY": KEY,
            "VT_STATE": str(folder / "state.db"),
            "VT_QUOTA": "none",
        }
        self._command = [sys.executable, "-m", "vt_connectors", "serve"]
        tokens = str(folder / "tokens.json")
        add = [*self._command, "token", "add", "soak", "--rights", _RIGHTS, "--tokens", tokens]
        self._token = subprocess.check_output(add, env=self._environment, text=True).strip()
        options = ["--listen", "127.0.0.1:0", "--tokens", tokens, "--audit", str(folder / "audit.log")]
        with (folder / "stderr").open("wb") as stderr:
            self._process = subprocess.Popen(
                [*self._command, *options], env=self._environment, stdout=subprocess.PIPE, stderr=stderr, text=True
            )
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline().rsplit(":", 1)[1].strip(" /\n"))

    def loss(self, call: _Call) -> str:
        """What is wrong with the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=90)
        headers = {"Content-Type": call.content_type} if call.body else {}
        if call.has_token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            connection.request(call.method, call.path, call.body or None, headers)
            reply = connection.getresponse()
            content = reply.read()
        except (OSError, http.client.HTTPException) as error:
            return f"{call.method} {call.path}: {error!r}"
        finally:
            connection.close()
        if KEY.encode() in content:
            return f"{call.method} {call.path}: the key is in the answer"
        return "" if reply.status in call.right else f"{call.method} {call.path}: {reply.status} {content[:200]!r}"

    def use(self) -> _Use:
        """What the process uses now, by /proc."""
        place = Path(f"/proc/{self._process.pid}")
        status = (place / "status").read_text("ascii")
        memory, threads = re.search(r"VmRSS:\s+(\d+) kB", status), re.search(r"Threads:\s+(\d+)", status)
        assert memory is not None
        assert threads is not None
        return _Use(int(memory[1]) * 1024, len(list((place / "fd").iterdir())), int(threads[1]))

    def stop(self) -> int:
        self._process.terminate()
        try:
            return self._process.wait(40)
        finally:
            self._process.kill()


def _hash(chance: random.Random) -> str:
    return f"{chance.randrange(_VALUES):064x}"


def _document(action: str, options: dict[str, Any] | None = None, **params: Any) -> bytes:
    return json.dumps({"action": action, "params": params, "options": options or {}}).encode()


def _run(chance: random.Random) -> _Call:
    return _Call("POST", "/v1/run", _document("lookup_hash", hash=_hash(chance)))


def _run_with_raw(chance: random.Random) -> _Call:
    return _Call("POST", "/v1/run", _document("lookup_hash", {"include": ["raw", "context"]}, hash=_hash(chance)))


def _domain(chance: random.Random) -> _Call:
    return _Call("GET", f"/v1/lookup?value=host{chance.randrange(_VALUES)}.example.com")


def _batch(chance: random.Random) -> _Call:
    lines = [_document("lookup_hash", hash=_hash(chance)) for _ in range(chance.randrange(1, 30))]
    return _Call("POST", "/v1/batch", b"\n".join([*lines, b"not json"]), "application/x-ndjson")


def _report(chance: random.Random) -> _Call:
    return _Call("GET", f"/api/v3/files/{_hash(chance)}", right=(200, 404))


def _related(chance: random.Random) -> _Call:
    return _Call("GET", f"/api/v3/files/{_hash(chance)}/comments?limit=5", right=(200, 404))


def _report_of_v2(chance: random.Random) -> _Call:
    return _Call("GET", f"/vtapi/v2/file/report?resource={_hash(chance)}&apikey=wrong", right=(403,))


def _upload(chance: random.Random) -> _Call:
    content = chance.randbytes(chance.randrange(1, 100_000))
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="sample.bin"\r\n\r\n'
    body = head + content.replace(b"\r\n--b", b"") + b"\r\n--b--\r\n"
    return _Call("POST", "/api/v3/files", body, "multipart/form-data; boundary=b", right=(200, 409))


def _not_json(chance: random.Random) -> _Call:
    return _Call("POST", "/v1/run", chance.randbytes(200), right=(400,))


def _no_token(chance: random.Random) -> _Call:
    return _Call("GET", f"/api/v3/files/{_hash(chance)}", right=(401,), has_token=False)


def _wrong_path(chance: random.Random) -> _Call:
    return _Call("GET", f"/api/v3/files/..%2f{_hash(chance)}/x", right=(400, 403, 404))


def _metrics(_: random.Random) -> _Call:
    return _Call("GET", "/metrics")


def _ready(_: random.Random) -> _Call:
    return _Call("GET", "/readyz", has_token=False)


_CALLS: tuple[Callable[[random.Random], _Call], ...] = (
    *(_run, _run, _run, _run_with_raw, _domain, _batch, _report, _report, _related, _report_of_v2),
    *(_upload, _not_json, _no_token, _wrong_path, _metrics, _ready),
)
