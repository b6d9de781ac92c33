"""SIGHUP: settings, key and tokens are read again, and the process goes on."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from tests.http.served_process import ServedProcess, served, tokens_file
from vt_connectors.adapters.http.callers import Caller
from vt_connectors.adapters.http.token_file import add_token
from vt_connectors.sandbox import Quota, SandboxServer
from vt_connectors.sandbox.accounts import key_digest

OLD, NEW = "a-key-of-the-server-before", "a-key-of-the-server-after"
_MOST_S = 40.0


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited()) as server:
        yield server


def write(file: Path, text: str) -> Path:
    file.write_text(text)
    file.chmod(0o600)
    return file


def lookup(server: ServedProcess, number: int) -> str:
    """The status of the response, or the code of its error."""
    reply = server.run({"action": "lookup_hash", "params": {"hash": f"{number:064x}"}})
    document = reply.json()
    return str(document["error"]["code"] if document["error"] else document["status"])


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + _MOST_S
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_key_and_settings_are_read_again(sandbox: SandboxServer, tmp_path: Path) -> None:
    key, config = write(tmp_path / "key", OLD), write(tmp_path / "settings.json", "{}")
    settings = {"VT_API_KEY": "", "VT_API_KEY_FILE": str(key), "VT_CONFIG": str(config)}
    with served(sandbox, tmp_path, **settings) as server:
        lookup(server, 1)
        write(key, NEW)
        write(config, json.dumps({"never_query": ["corp.example"]}))
        server.signal(signal.SIGHUP)
        document = {"action": "lookup_domain", "params": {"domain": "a.corp.example"}}
        until(lambda: server.run(document).json()["status"] == "skipped")
        lookup(server, 2)
        assert {request.key for request in sandbox.requests} == {key_digest(OLD), key_digest(NEW)}
        assert sandbox.requests[-1].key == key_digest(NEW)


@pytest.mark.parametrize("wrong", [{"cache_ttl": "no time"}, {"state": "kvstore"}])
def test_wrong_settings_are_logged_and_the_old_ones_stay(
    sandbox: SandboxServer, tmp_path: Path, wrong: dict[str, str]
) -> None:
    config = write(tmp_path / "settings.json", json.dumps({"state": str(tmp_path / "other.db")}))
    with served(sandbox, tmp_path, VT_CONFIG=str(config), VT_STATE="") as server:
        assert lookup(server, 1) != "config_error"
        write(config, json.dumps(wrong))
        server.signal(signal.SIGHUP)
        until(lambda: "nothing was reloaded" in server.stderr)
        assert lookup(server, 2) != "config_error"


def test_settings_that_no_core_can_use_do_not_replace_valid_ones_if_a_changed_key_has_them_read(
    sandbox: SandboxServer, tmp_path: Path
) -> None:
    key = write(tmp_path / "key", OLD)
    config = write(tmp_path / "settings.json", json.dumps({"state": str(tmp_path / "other.db")}))
    settings = {"VT_API_KEY": "", "VT_API_KEY_FILE": str(key), "VT_CONFIG": str(config), "VT_STATE": ""}
    with served(sandbox, tmp_path, **settings) as server:
        assert lookup(server, 1) == "ok"
        write(config, json.dumps({"state": "kvstore"}))
        write(key, NEW)
        assert lookup(server, 2) == "ok"
        assert sandbox.requests[-1].key == key_digest(NEW)
        assert server.get("/readyz").status_code == 200
        assert "the earlier ones stay in use" in server.stderr


def test_a_token_that_was_added_is_known_and_the_process_lives(sandbox: SandboxServer, tmp_path: Path) -> None:
    path = tokens_file(tmp_path)[0]
    with served(sandbox, tmp_path) as server:
        server.token = add_token(path, Caller("late"), 0.0)
        server.signal(signal.SIGHUP)
        until(lambda: server.run({"action": "quota", "params": {}}).status_code == 200)
        assert server.get("/readyz").status_code == 200
