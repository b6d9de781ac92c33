"""A log on stderr that is not read, such as a stopped terminal, costs lines of the log, and nothing else."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.served_process import ServedProcess, serving_program, tokens_file
from vt_connectors.sandbox import Quota, SandboxServer

EICAR = "44d88612fea8a8f36de82e1278abb02f"
_HAS_SMALL_PIPES = sys.platform == "linux"
_SET_PIPE_SIZE, _PIPE_BYTES = 1031, 4096  # `fcntl.F_SETPIPE_SZ`, from Python 3.10 on
# More lines than the pipe holds.
_CALLS = 80 if _HAS_SMALL_PIPES else 600


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited()) as server:
        yield server


@pytest.mark.parametrize("form", [(), ("--log-json", "--log-level", "debug")])
def test_calls_and_health_checks_are_answered_and_lost_lines_counted(
    sandbox: SandboxServer, tmp_path: Path, form: tuple[str, ...]
) -> None:
    tokens, token = tokens_file(tmp_path)
    program = serving_program(sandbox, tmp_path)
    command = program.command("serve", "--tokens", str(tokens), "--listen", "127.0.0.1:0", *form)
    ours, theirs = os.pipe()
    if _HAS_SMALL_PIPES:
        fcntl.fcntl(theirs, _SET_PIPE_SIZE, _PIPE_BYTES)
    process = subprocess.Popen(
        command, env=program.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    try:
        server = ServedProcess(process, token, tmp_path / "none")
        for _ in range(_CALLS):
            assert server.run({"action": "lookup_hash", "params": {"hash": EICAR}}).json()["status"] == "ok"
        assert server.get("/healthz").status_code == 200
        assert "vtaction_audit_lost_lines_total 0.0" not in server.get("/metrics", token).text
        # It is read again, until a call of now is in it.
        os.set_blocking(ours, False)
        found = b""
        while b"10.9.9.9" not in found:
            server.run({"action": "lookup_ip", "params": {"ip": "10.9.9.9"}})
            with contextlib.suppress(BlockingIOError):
                found += os.read(ours, 1_000_000)
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        assert process.stdout is not None
        process.stdout.close()
