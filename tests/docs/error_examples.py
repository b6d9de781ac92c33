"""Real examples of every error code: a function for each code that causes it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.responses import error_of
from tests.scripted_server import ScriptedServer, answer
from tests.vtaction_process import RunnerProcess, lookup
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.config.settings import Settings
from vt_connectors.sandbox import Quota, SandboxServer
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

COMMENT = {"action": "add_comment", "params": {"indicator": "example.com", "comment": "Seen in our mail"}}
NO_PATIENCE = {"max_wait_s": 0}
Errors = list[dict[str, Any]]
MADE: dict[str, Callable[[RunnerProcess, Path], Errors]] = {}


def _makes(code: str) -> Callable[[Callable[[RunnerProcess, Path], Errors]], None]:
    def keep(make: Callable[[RunnerProcess, Path], Errors]) -> None:
        MADE[code] = make

    return keep


def _error(run: RunnerProcess, *documents: Any, **changes: str) -> dict[str, Any]:
    """The error in the response to the last document."""
    error: dict[str, Any] = run(*documents, arguments=("run", "--workers", "1"), **changes).lines[-1]["error"]
    return error


@_makes("invalid_request")
def _(run: RunnerProcess, folder: Path) -> Errors:
    return [_error(run, {"action": "lookup_hash", "params": {"hsah": "44d88612fea8a8f36de82e1278abb02f"}})]


@_makes("unknown_action")
def _(run: RunnerProcess, folder: Path) -> Errors:
    return [_error(run, {"action": "lookup_hsah", "params": {}})]


@_makes("unsupported_version")
def _(run: RunnerProcess, folder: Path) -> Errors:
    return [_error(run, lookup(v=2))]


@_makes("invalid_indicator")
def _(run: RunnerProcess, folder: Path) -> Errors:
    return [_error(run, lookup("../users/me"))]


@_makes("config_error")
def _(run: RunnerProcess, folder: Path) -> Errors:
    return [_error(run, lookup(), VT_API_KEY=""), _error(run, lookup(), VT_QUOTA="4 per minute")]


@_makes("access_denied")
def _(run: RunnerProcess, folder: Path) -> Errors:
    return [_error(run, lookup(), VT_API_KEY="wrong-key")]


@_makes("forbidden")
def _(run: RunnerProcess, folder: Path) -> Errors:
    return [_error(run, lookup(), VT_API_KEY="forbidden-key")]


@_makes("rate_limited")
def _(run: RunnerProcess, folder: Path) -> Errors:
    two = lookup(), lookup("0" * 32, options=NO_PATIENCE)
    local = _error(run, *two, VT_QUOTA="1/minute", VT_STATE="memory")
    with SandboxServer(Quota(windows=((1, 60.0),))) as strict:
        return [local, _error(run, *two, VT_API_URL=strict.url, VT_STATE="memory")]


@_makes("conflict")
def _(run: RunnerProcess, folder: Path) -> Errors:
    _error(run, COMMENT)
    return [_error(run, COMMENT)]


@_makes("too_large")
def _(run: RunnerProcess, folder: Path) -> Errors:
    path = folder / "disk.img"
    with path.open("wb") as file:
        # A sparse file, which uses no space on the disk.
        file.truncate(700 * 1024 * 1024)
    return [_error(run, {"action": "scan_file", "params": {"path": str(path)}})]


@contextlib.contextmanager
def _slow() -> Iterator[dict[str, str]]:
    """Settings for a server that takes longer than the timeout."""
    with SandboxServer(Quota.unlimited(), latency_s=1.5) as server:
        yield {"VT_API_URL": server.url, "VT_TIMEOUT": "0.3"}


@_makes("timeout")
def _(run: RunnerProcess, folder: Path) -> Errors:
    with _slow() as slow:
        return [_error(run, lookup(), **slow)]


@_makes("outcome_unknown")
def _(run: RunnerProcess, folder: Path) -> Errors:
    with _slow() as slow:
        return [_error(run, COMMENT, **slow)]


@_makes("unavailable")
def _(run: RunnerProcess, folder: Path) -> Errors:
    with socket.socket() as taken:
        # A bound port without a listener.
        taken.bind(("127.0.0.1", 0))
        return [_error(run, lookup(), VT_API_URL=f"http://127.0.0.1:{taken.getsockname()[1]}")]


@_makes("invalid_response")
def _(run: RunnerProcess, folder: Path) -> Errors:
    with ScriptedServer() as server:
        server.script(answer(200, b"<html>Please log in</html>", {"Content-Type": "text/html"}))
        return [_error(run, lookup(), VT_API_URL=server.url)]


@_makes("cancelled")
def _(run: RunnerProcess, folder: Path) -> Errors:
    process = run.start("run", "--workers", "1", VT_QUOTA="1/minute", VT_STATE="memory")
    assert process.stdin is not None
    assert process.stdout is not None
    waiting = lookup("0" * 32, options={"max_wait_s": 300})
    process.stdin.write("".join(json.dumps(document) + "\n" for document in (lookup(), waiting)).encode())
    process.stdin.close()
    process.stdout.readline()
    os.kill(process.pid, signal.SIGTERM)
    [error] = [json.loads(line)["error"] for line in process.stdout]
    process.wait(30)
    return [error]


@_makes("internal")
def _(run: RunnerProcess, folder: Path) -> Errors:
    class Broken:
        def send(self, request: HttpRequest) -> HttpResponse:
            raise RuntimeError("a bug")

    core = build(Settings(state="memory"), lambda: ApiKey("k" * 64), SystemClock(), lambda key: Broken())
    return [dict(error_of(core.answer(lookup())))]
