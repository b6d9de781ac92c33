"""`vtaction serve` as a process, in front of the sandbox."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import requests

from tests.vtaction_process import RunnerProcess, Running, vtaction_process
from vt_connectors.adapters.http.callers import RIGHTS, Caller
from vt_connectors.adapters.http.token_file import add_token
from vt_connectors.sandbox import SandboxServer

_MOST_S = 60.0


class ServedProcess:
    """`address`: what the server printed when it was ready."""

    def __init__(self, process: Running, token: str, log: Path) -> None:
        self.process = process
        self.token = token
        self._log = log
        self.address = _first_line(process)
        assert self.address, self.stderr

    @property
    def stderr(self) -> str:
        return self._log.read_text("utf-8")

    def get(self, path: str, token: str | None = None) -> requests.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return requests.get(self.address + path, headers=headers, timeout=_MOST_S)

    def run(self, document: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.post(f"{self.address}/v1/run", json=document, headers=headers, timeout=_MOST_S)

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def ended(self) -> int:
        """The exit status."""
        return self.process.wait(timeout=_MOST_S)


def _first_line(process: Running) -> str:
    assert process.stdout is not None
    lines: queue.Queue[bytes] = queue.Queue()
    read = process.stdout.readline
    threading.Thread(target=lambda: lines.put(read()), daemon=True).start()
    return lines.get(timeout=_MOST_S).decode().strip()


def tokens_file(folder: Path, max_wait_s: float = 600.0) -> tuple[Path, str]:
    """A tokens file with one client, which may do everything, and its token."""
    path = folder / "tokens.json"
    return path, add_token(path, Caller("tester", frozenset(RIGHTS), longest_wait_s=max_wait_s), 0.0)


@contextlib.contextmanager
def started(
    command: list[str], environment: dict[str, str], folder: Path, token: str, *, pass_fds: tuple[int, ...] = ()
) -> Iterator[ServedProcess]:
    """The process of any command that ends up as the server. It is killed at the end if it still runs."""
    log = folder / "stderr"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=stderr, stdin=subprocess.DEVNULL, pass_fds=pass_fds
        )
    with _until_the_end(process, token, log) as server:
        yield server


@contextlib.contextmanager
def _until_the_end(process: Running, token: str, log: Path) -> Iterator[ServedProcess]:
    try:
        yield ServedProcess(process, token, log)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextlib.contextmanager
def served(
    sandbox: SandboxServer, folder: Path, *options: str, listen: str = "127.0.0.1:0", **settings: str
) -> Iterator[ServedProcess]:
    """`listen`: empty for none."""
    path, token = tokens_file(folder) if not (folder / "tokens.json").exists() else (folder / "tokens.json", "")
    program = serving_program(sandbox, folder, **settings)
    place = ["--listen", listen] if listen else []
    # Not on stderr, which tests read for messages.
    audit = ["--audit", str(folder / "audit.log")]
    log = folder / "stderr"
    with log.open("wb") as stderr, Path(os.devnull).open("rb") as stdin:
        process = program.fork("serve", "--tokens", str(path), *place, *audit, *options, stdin=stdin, stderr=stderr)
    with _until_the_end(process, token, log) as server:
        yield server


def serving_program(sandbox: SandboxServer, folder: Path, **settings: str) -> RunnerProcess:
    """`vtaction` with the settings of the server."""
    program = vtaction_process(sandbox, folder)
    program.environment.update(settings)
    return program
