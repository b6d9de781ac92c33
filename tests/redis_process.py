"""A real redis-server for a test."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.backends.redis.client import ANSWER_S
from vt_connectors.backends.redis.server import RedisServer
from vt_connectors.backends.redis_url import redis_address
from vt_connectors.clock import Clock, SystemClock

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")


class RedisProcess:
    """It writes nothing to the disk unless `options` say so. `user`: the part before the `@` in its URL."""

    def __init__(self, folder: Path, *options: str, user: str = "", tcp: bool = False) -> None:
        if PROGRAM is None:
            pytest.skip("redis-server is missing: apt-get install redis-server")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._at = f"{user}@" if user else ""
        self.port = _free_port() if tcp else 0
        where = ("--port", str(self.port), "--unixsocket", str(folder / "s"))
        self._command = [PROGRAM, *where, "--save", "", "--dir", str(folder), "--daemonize", "no", *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{self._at}127.0.0.1:{self.port}/0" if self.port else f"unix://{self._at}{self._folder}/s?db=0"

    def server(self, clock: Clock | None = None, answer_s: float = ANSWER_S) -> RedisServer:
        address = redis_address(self.url)
        assert address is not None
        return RedisServer(address, clock or SystemClock(), answer_s)

    def start(self) -> RedisProcess:
        (self._folder / "s").unlink(missing_ok=True)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        give_up = time.monotonic() + 60
        while not self._is_ready():
            assert self._process.poll() is None, (self._folder / "log").read_text("utf-8", "replace")
            assert time.monotonic() < give_up
            time.sleep(0.01)
        return self

    def _is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._folder / "s"))
                probe.sendall(b"PING\r\n")
                return probe.recv(64).startswith((b"+PONG", b"-NOAUTH"))
            except OSError:
                return False

    def kill(self) -> None:
        """Kill the process, like a crash."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class ServersClock(FakeClock):
    """A test's clock that also ages the server's keys, because these expire by the server's own clock."""

    def __init__(self, server: RedisServer) -> None:
        super().__init__()
        self._server = server

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._age(seconds)

    def step(self, seconds: float) -> None:
        super().step(seconds)
        self._age(seconds)

    def _age(self, seconds: float) -> None:
        for keys in self._server.keys(""):
            for key in keys:
                left = self._server.call("PTTL", key)
                if left >= 0:
                    self._server.call("PEXPIRE", key, int(left - seconds * 1000))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
