"""A server whose stderr nothing reads, neither its audit log nor its other lines, answers all the same."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.vtaction_process import EICAR
from vt_connectors.sandbox import SandboxServer

from .served_process import ServedProcess, serving_program, tokens_file

_LOST = "log lines are lost, because stderr was not read"
LOOKUP = {"action": "lookup", "params": {"value": EICAR}}


def _fill(descriptor: int) -> None:
    os.set_blocking(descriptor, False)
    for size in (65536, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(descriptor, b"\n" * size)
    os.set_blocking(descriptor, True)


def _read(descriptor: int) -> str:
    os.set_blocking(descriptor, False)
    found = b""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(descriptor, 65536):
            found += piece
    return found.decode()


@pytest.mark.parametrize("options", [(), ("--log-json",)])
def test_calls_are_answered_and_lost_lines_are_counted(
    sandbox: SandboxServer, tmp_path: Path, options: tuple[str, ...]
) -> None:
    path, token = tokens_file(tmp_path)
    program = serving_program(sandbox, tmp_path)
    command = program.command("serve", "--tokens", str(path), "--listen", "127.0.0.1:0", *options)
    ours, theirs = os.pipe()
    with subprocess.Popen(
        command, env=program.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        try:
            server = ServedProcess(process, token, tmp_path / "none")
            _fill(theirs)
            for _ in range(4):
                assert server.run(LOOKUP).json()["status"] == "ok"
            assert server.get("/v1/quota", token).status_code == 200
            assert "vtaction_audit_lost_lines" in server.get("/metrics", token).text
            told, until = "", time.monotonic() + 60
            # The audit log is tried again after a while.
            while _LOST not in told and time.monotonic() < until:
                told += _read(ours)
                assert server.run(LOOKUP).json()["status"] == "ok"
        finally:
            process.terminate()
            assert process.wait(60) == 0
            os.close(theirs)
            os.close(ours)
    assert _LOST in told
