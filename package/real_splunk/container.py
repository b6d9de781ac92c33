"""Splunk in a new container, with the program `docker`."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

IMAGE = "splunk/splunk"
_NAME = "vtlookup-try"
_MANAGEMENT, _WEB = "8089/tcp", "8000/tcp"
# The first start configures Splunk with Ansible.
_PATIENCE_S, _LOOK_S = 900.0, 5.0
# Settings that the image requires; https://splunk.github.io/docker-splunk/ and, from 10.0 on, the general terms too.
_LICENCE = {
    "SPLUNK_START_ARGS": "--accept-license",
    "SPLUNK_GENERAL_TERMS": "--accept-sgt-current-at-splunk-com",
}


class DockerFailed(Exception):
    """`docker` is not installed, or a command of it failed."""


class Container:
    """Commands run in it as Splunk's user."""

    def __init__(self, identity: str) -> None:
        self._identity = identity

    def address(self, port: str = _MANAGEMENT) -> tuple[str, int]:
        """The address of the container's port on this machine."""
        line = _docker("port", self._identity, port).splitlines()[0]
        host, _, number = line.rpartition(":")
        return host, int(number)

    @property
    def pages(self) -> str:
        """Splunk Web's address."""
        return "http://{}:{}".format(*self.address(_WEB))

    def wait(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Wait until Splunk is up. Raises `DockerFailed` if it does not start."""
        for _ in range(int(_PATIENCE_S / _LOOK_S)):
            state = json.loads(_docker("inspect", "--format", "{{json .State}}", self._identity))
            if not state.get("Running"):
                raise DockerFailed(f"the container has ended:\n{self.logs()}")
            if (state.get("Health") or {}).get("Status") == "healthy":
                return
            sleep(_LOOK_S)
        raise DockerFailed(f"Splunk did not start in {_PATIENCE_S:g} s:\n{self.logs()}")

    def logs(self) -> str:
        return _docker("logs", "--tail", "20", self._identity)

    def put(self, source: Path, target: str) -> None:
        _docker("cp", str(source), f"{self._identity}:{target}")
        _docker("exec", "--user", "root", self._identity, "chmod", "-R", "a+rX", target)

    def run(self, *command: str) -> str:
        """Run a command and return its stdout."""
        return _docker("exec", "--user", "splunk", self._identity, *command)

    def start(self, *command: str) -> None:
        """Start a command without waiting for its end."""
        _docker("exec", "--detach", "--user", "splunk", self._identity, *command)

    def remove(self) -> None:
        _docker("rm", "--force", "--volumes", self._identity)


@contextmanager
def container(version: str, password: str, *, keep: bool) -> Iterator[Container]:
    """A new container; removed at the end, unless `keep` is set. Its ports are open only to this machine."""
    with tempfile.TemporaryDirectory() as folder:
        variables = Path(folder) / "environment"
        variables.touch(0o600)
        lines = [f"{name}={value}\n" for name, value in {**_LICENCE, "SPLUNK_PASSWORD": password}.items()]
        variables.write_text("".join(lines), "utf-8")
        ports = [part for port in (_MANAGEMENT, _WEB) for part in ("--publish", f"127.0.0.1::{port.partition('/')[0]}")]
        command = ["run", "--detach", "--name", f"{_NAME}-{os.getpid()}", "--env-file", str(variables), *ports]
        made = Container(_docker(*command, f"{IMAGE}:{version}").split()[-1])
    try:
        yield made
    finally:
        if not keep:
            made.remove()


def _docker(*arguments: str) -> str:
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise DockerFailed(
            "the program `docker` is missing: install Docker, or install the app in Splunk yourself"
        ) from None
    if done.returncode:
        raise DockerFailed(f"docker {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
