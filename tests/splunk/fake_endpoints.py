"""How splunkd runs the app's REST endpoints: restmap.conf says which, each process answers one request at a time."""

from __future__ import annotations

import json
import re
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.package.conf_reader import read_conf

from .forked_app import ENDPOINTS, ForkedApp, start_process

SYSTEM = "system-token-of-splunkd"


class _Process:
    def __init__(
        self, python: str, app: Path, handler: str, environment: Mapping[str, str], *, is_forked: bool
    ) -> None:
        start = ForkedApp(app).start if is_forked else start_process
        self._said = ""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._process = start(
            [python, str(ENDPOINTS), str(app / "bin"), handler],
            {"XDG_RUNTIME_DIR": environment["SPLUNK_HOME"], **environment},
            self._errors,
        )

    def call(self, passed: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write((json.dumps(passed) + "\n").encode())
        self._process.stdin.flush()
        reply: dict[str, Any] = json.loads(self._process.stdout.readline())
        return reply

    def end(self) -> str:
        """What it wrote on its standard error."""
        if not self._errors.closed:
            self._wait()
        return self._said

    def _wait(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()
        with self._errors as errors:
            errors.seek(0)
            self._said = errors.read().decode("utf-8", "replace")


@dataclass
class FakeEndpoints:
    """`replies` are all that the handlers gave; `stderr` what they wrote there, once it is over. `together`: so many
    calls must have begun before the first of them is answered.
    """

    app: Path
    python: str
    environment: Mapping[str, str]
    replies: list[dict[str, Any]] = field(default_factory=list)
    stderr: str = ""
    are_forked: bool = True
    most_at_once: int = 0
    together: int = 1
    _begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _are_together: bool = False
    _idle: dict[str, list[_Process]] = field(default_factory=dict)
    _all: list[_Process] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def stanza(self, path: str) -> dict[str, str] | None:
        """The endpoint at `path`, which is without its leading /services/."""
        for name, settings in read_conf(self.app / "default/restmap.conf").items():
            if name.startswith("script:") and settings["match"] == f"/{path}":
                return {"name": name, **settings}
        return None

    def missing(self, stanza: Mapping[str, str], method: str, capabilities: frozenset[str]) -> bool:
        """Whether the user lacks what restmap.conf asks for."""
        needed = stanza.get(f"capability.{method.lower()}") or stanza.get("capability")
        return needed is not None and needed not in capabilities

    def call(self, stanza: Mapping[str, str], method: str, uri: str, session: Mapping[str, str], body: str) -> Any:
        """(status, body) of the handler."""
        passed = {
            "output_mode": "json",
            "output_mode_explicit": False,
            "server": {"rest_uri": uri, "hostname": "sh1", "servername": "sh1", "guid": "0"},
            "restmap": {"name": stanza["name"], "conf": {}},
            "query": [],
            "form": [],
            "connection": {"src_ip": "127.0.0.1", "ssl": True, "listening_port": 8089},
            "rest_path": stanza["match"],
            "lang": "en-US",
            "method": method,
            "ns": {"app": "search"},
        }
        if _true(stanza.get("passSession", "true")):
            passed["session"] = dict(session)
        if _true(stanza.get("passSystemAuth", "false")):
            passed["system_authtoken"] = SYSTEM
        if _true(stanza.get("passPayload", "false")) and body:
            passed["payload"] = body
        reply = self._run(stanza["handler"], json.dumps(passed))
        self.replies.append(reply)
        return reply["status"], reply["payload"]

    def _run(self, handler: str, passed: str) -> dict[str, Any]:
        with self._lock:
            idle = self._idle.setdefault(handler, [])
            process = idle.pop() if idle else None
            if process is None:
                process = _Process(self.python, self.app, handler, self.environment, is_forked=self.are_forked)
                self._all.append(process)
                self.most_at_once = max(self.most_at_once, len(self._all))
        self._wait_for_others()
        reply = process.call(passed)
        with self._lock:
            self._idle[handler].append(process)
        return reply

    def _wait_for_others(self) -> None:
        self._begun.release()
        with self._lock:
            is_first, self._are_together = not self._are_together, True
        for _ in range(self.together if is_first else 0):
            assert self._begun.acquire(timeout=60)

    def end(self) -> None:
        self.stderr = "".join(process.end() for process in self._all)


def _true(text: str) -> bool:
    return re.fullmatch("true|1", text) is not None
