"""misp-modules as a process, with our module."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import requests

from .installed import installed
from .setting import Setting, built

_MOST_S = 120.0
_UUID = "5a7e6b5c-0000-4000-8000-000000000001"
_TYPES = {"hash": "md5", "url": "url", "domain": "domain", "ip": "ip-dst"}


class MispModules:
    """The server, ready."""

    def __init__(self, url: str) -> None:
        self._url = url

    def modules(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = requests.get(f"{self._url}/modules", timeout=_MOST_S).json()
        return listed

    def ask(self, kind: str, value: str, *, to_ids: bool = False, **config: str) -> dict[str, Any]:
        """The answer about an attribute of MISP's type `kind`."""
        attribute = {"type": kind, "value": value, "uuid": _UUID, "to_ids": to_ids}
        return self.query({"module": "vtconnectors", "attribute": attribute, "config": config})

    def query(self, query: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = requests.post(f"{self._url}/query", json=query, timeout=_MOST_S).json()
        return answer


@contextlib.contextmanager
def misp_modules(setting: Setting) -> Iterator[MispModules]:
    """The server in front of the settings, on a free port."""
    program = str(installed("misp_modules").program("misp-modules"))
    port = _free_port()
    command = [program, "-l", "127.0.0.1", "-p", str(port), "-c", str(built("misp", setting.folder))]
    log = setting.folder / "misp-modules.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=setting.environment, stdout=output, stderr=output)
    try:
        yield MispModules(_ready(f"http://127.0.0.1:{port}", process, log))
    finally:
        process.terminate()
        process.wait(_MOST_S)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _ready(url: str, process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + _MOST_S
    while time.monotonic() < until:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"{url}/healthcheck", timeout=_MOST_S).ok:
                return url
        assert process.poll() is None, log.read_text("utf-8")[-2000:]
        time.sleep(0.1)
    raise AssertionError(f"misp-modules was not ready in {_MOST_S:g} s")


def values_of(answer: dict[str, Any], name: str) -> dict[str, str]:
    """The attributes of the only object with this name, by their relation; of several the first."""
    [found] = [one for one in answer["results"]["Object"] if one["name"] == name]
    return {one["object_relation"]: one["value"] for one in reversed(found["Attribute"])}


def ask(setting: Setting, values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The verdicts on values with their kinds, from the module in process."""
    with misp_modules(setting) as server:
        setting.begin()
        answers = {value: server.ask(_TYPES[kind], value) for kind, value in values}
    return {value: values_of(answer, "virustotal-report")["comment"].split(":")[0] for value, answer in answers.items()}
