"""A real rsyslogd that gets its messages by TCP, has `vtaction enrich` add properties, and writes them to a file."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

PROGRAM = shutil.which("rsyslogd") or shutil.which("/usr/sbin/rsyslogd")
_MOST_S = 90.0
_CONFIGURATION = """
global(workDirectory="{folder}")
module(load="mmjsonparse")
module(load="mmexternal")
module(load="imptcp")
input(type="imptcp" address="127.0.0.1" port="{port}" ruleset="enrich")
template(name="properties" type="list") {{ property(name="$!all-json") constant(value="\\n") }}
ruleset(name="enrich") {{
  action(type="mmjsonparse" cookie="")
  action(type="mmexternal" binary="{command}" interface.input="fulljson")
  action(type="omfile" file="{folder}/out.json" template="properties")
}}
"""


class RsyslogProcess:
    """`settings`: the environment of `vtaction enrich`, which gets none from rsyslogd."""

    def __init__(self, folder: Path, settings: dict[str, str], *arguments: str) -> None:
        if PROGRAM is None:
            pytest.skip("rsyslogd is missing: apt-get install rsyslog")
        self._folder = folder
        self._port = _free_port()
        words = [f"{name}={value}" for name, value in settings.items()]
        command = ["/usr/bin/env", *words, sys.executable, "-m", "vt_connectors", "enrich", "--dialect", "rsyslog"]
        configuration = _CONFIGURATION.format(folder=folder, port=self._port, command=" ".join([*command, *arguments]))
        (folder / "rsyslog.conf").write_text(configuration, "utf-8")
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "-n", "-f", str(folder / "rsyslog.conf"), "-i", str(folder / "pid")],
                stdout=log,
                stderr=log,
            )

    def send(self, messages: Sequence[str]) -> None:
        lines = "".join(f"<13>Nov 29 12:00:00 host app: {message}\n" for message in messages)
        with self._connection() as connection:
            connection.sendall(lines.encode())

    def _connection(self) -> socket.socket:
        give_up = time.monotonic() + _MOST_S
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self._port), _MOST_S)
            except OSError:
                assert self._process.poll() is None, self.log
                assert time.monotonic() < give_up, self.log
                time.sleep(0.05)

    def written(self, count: int) -> list[dict[str, Any]]:
        """The properties of `count` messages, in the order in which rsyslogd wrote them."""
        out = self._folder / "out.json"
        give_up = time.monotonic() + _MOST_S
        while not out.exists() or out.read_bytes().count(b"\n") < count:
            assert time.monotonic() < give_up, self.log
            time.sleep(0.05)
        return [json.loads(text) for text in out.read_text("utf-8").split("\n")[:-1]]

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text("utf-8", "replace")

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_MOST_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
