"""The Wazuh integration, started as wazuh-integratord starts it; a socket takes the place of analysisd's queue."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.served_process import ServedProcess, served
from tests.soar.outcomes import EICAR, UNKNOWN_HASH
from tests.soar.servers import silent_server
from vt_connectors.sandbox import SandboxServer

from .setting import KEY, built

_MOST_S = 90.0
AGENT = {"id": "001", "name": "pc|1", "ip": "10.0.0.5"}


class Integratord:
    """A Wazuh folder with the integration and a queue."""

    def __init__(self, folder: Path) -> None:
        # The path of a socket may have a hundred characters.
        self._home = folder / "w"
        shutil.copytree(built("wazuh", folder) / "integrations", self._home / "integrations")
        (self._home / "queue/sockets").mkdir(parents=True)
        self.queue = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.queue.bind(str(self._home / "queue/sockets/queue"))
        self.queue.settimeout(_MOST_S)

    def start(self, alert: object, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = self._home / "alert.json"
        path.write_text(alert if isinstance(alert, str) else json.dumps(alert), "utf-8")
        command = [str(self._home / "integrations/custom-vtaction"), str(path), *arguments]
        # Its options, as integratord adds them.
        return subprocess.run(
            [*command, "", "10", "3"], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=_MOST_S
        )

    def event(self) -> tuple[str, Any]:
        """The location and the event of the next message."""
        location, _, text = self.queue.recv(1 << 17).decode().partition(":{")
        return location, json.loads("{" + text)

    @property
    def is_quiet(self) -> bool:
        self.queue.setblocking(False)
        try:
            self.queue.recv(1)
        except BlockingIOError:
            return True
        return False


@pytest.fixture
def wazuh(tmp_path: Path) -> Iterator[Integratord]:
    found = Integratord(tmp_path)
    yield found
    found.queue.close()


@pytest.fixture
def server(sandbox: SandboxServer, tmp_path: Path) -> Iterator[ServedProcess]:
    with served(sandbox, tmp_path) as process:
        yield process


def test_a_changed_file_becomes_an_event_for_the_stock_rules(wazuh: Integratord, server: ServedProcess) -> None:
    alert = {"id": "1.2", "agent": AGENT, "syscheck": {"path": "/root/x", "md5_after": EICAR}}
    done = wazuh.start(alert, server.token, server.address)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    location, event = wazuh.event()
    assert location == "1:[001] (pc||1) 10.0.0.5->custom-vtaction"
    assert event["integration"] == "virustotal"
    told = event["virustotal"]
    assert (told["found"], told["malicious"], told["positives"], told["source"]["file"]) == (1, 1, 62, "/root/x")
    assert KEY not in json.dumps(event)


def test_an_unknown_file_is_found_0(wazuh: Integratord, server: ServedProcess) -> None:
    wazuh.start({"syscheck": {"sha256_after": UNKNOWN_HASH}}, server.token, server.address)
    location, event = wazuh.event()
    assert (location, event["virustotal"]["found"]) == ("1:custom-vtaction", 0)


def test_a_wrong_token_is_error_403_and_a_server_that_is_not_there_is_no_answer(
    wazuh: Integratord, server: ServedProcess
) -> None:
    alert = {"syscheck": {"md5_after": EICAR}}
    wazuh.start(alert, "wrong", server.address)
    assert wazuh.event()[1]["virustotal"]["error"] == 403
    with silent_server() as url:
        gone = url
    wazuh.start(alert, server.token, gone)
    assert wazuh.event()[1]["virustotal"]["error"] == "unavailable"


def test_an_alert_without_a_value_is_left_alone(wazuh: Integratord) -> None:
    done = wazuh.start({"rule": {"id": "5501"}}, "token", "http://127.0.0.1:1")
    assert (done.returncode, done.stderr, wazuh.is_quiet) == (0, "", True)


@pytest.mark.parametrize(
    ("alert", "arguments", "status", "told"),
    [
        ("{}", (), 2, "usage"),
        ("{", ("token", "http://127.0.0.1:1"), 7, "is not JSON"),
        ("[]", ("token", "http://127.0.0.1:1"), 7, "is not a JSON object"),
        ("{}", ("token", "ftp://x"), 1, "hook_url"),
    ],
)
def test_what_is_wrong_has_an_exit_status_and_a_message(
    wazuh: Integratord, alert: str, arguments: tuple[str, ...], status: int, told: str
) -> None:
    done = wazuh.start(alert, *arguments)
    assert (done.returncode, wazuh.is_quiet) == (status, True)
    assert told in done.stderr
