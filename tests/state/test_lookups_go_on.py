"""Lookups are answered whatever happens to the state: with the real composition and a fake VirusTotal."""

from __future__ import annotations

import copy
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.fake_clock import FakeClock
from tests.responses import error_of
from tests.state.files import DAMAGES, settle
from tests.vtaction_process import EICAR, lookup
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import Settings
from vt_connectors.core import Core
from vt_connectors.errors import ConfigError
from vt_connectors.quota import parse_quota
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse


class PlayedVirusTotal:
    """Knows every file."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        asked = request.url.rpartition("/")[2]
        self.asked.append(asked)
        names = {32: "md5", 40: "sha1", 64: "sha256"}
        attributes = {"sha256": "0" * 64, names[len(asked)]: asked, "last_analysis_stats": {"malicious": 9}}
        data = {"type": "file", "id": attributes["sha256"], "attributes": attributes}
        return HttpResponse(200, {"content-type": "application/json"}, json.dumps({"data": data}).encode())


class Harness:
    """Processes with one state, one after another."""

    def __init__(self, state: Path, quota: str = "none", *, required: bool = False) -> None:
        self.virustotal = PlayedVirusTotal()
        self.clock = FakeClock()
        self._settings = Settings(state=str(state), quota=parse_quota(quota), state_required=required)

    def at(self, state: Path) -> Harness:
        """The same VirusTotal, clock and quota, with another state file."""
        other = copy.copy(self)
        other._settings = self._settings._replace(state=str(state))
        return other

    def core(self) -> Core:
        return build(self._settings, lambda: ApiKey("k" * 64), self.clock, lambda key: self.virustotal)

    def answer(self, value: str = EICAR, **more: Any) -> Mapping[str, Any]:
        return self.core().answer(lookup(value, **more))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_a_second_process_has_the_answer_of_the_first(state: Path) -> None:
    harness = Harness(state)
    assert harness.answer()["meta"]["source"] == "api"
    assert harness.answer()["meta"]["source"] == "cache"
    assert len(harness.virustotal.asked) == 1


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_a_damaged_cache_causes_new_requests(state: Path, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    harness = Harness(state)
    for number in range(40):
        harness.answer(f"{number:032x}")
    settle(state)
    DAMAGES[damage](state)
    assert harness.answer("f" * 32)["status"] == "ok"
    assert harness.answer("f" * 32)["meta"]["source"] == "cache"
    assert {record.levelname for record in caplog.records} == {"WARNING"}


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_a_damaged_record_blocks_requests_for_a_window(state: Path, damage: str) -> None:
    harness = Harness(state, "4/90s")
    assert harness.answer()["status"] == "ok"
    DAMAGES[damage](state.with_name("state-quota.db"))
    refused = harness.answer("f" * 32)
    assert (refused["error"]["code"], refused["error"]["details"]["window"]) == ("rate_limited", "90s")
    assert harness.answer()["status"] == "ok", "the cache answers all the same"
    assert len(harness.virustotal.asked) == 1


def _file_for_folder(state: Path) -> None:
    state.parent.rmdir()
    state.parent.write_text("a file", "utf-8")


def _newer(state: Path) -> None:
    Harness(state).answer("e" * 32)
    Harness(state, "8/minute").answer("d" * 32)
    for path in (state, state.with_name("state-quota.db")):
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA user_version=99")
        connection.close()


@pytest.mark.parametrize("spoil", [_file_for_folder, _newer])
def test_without_its_files_a_process_answers_warns_and_takes_a_share_of_the_quota(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], None]
) -> None:
    state = tmp_path / "folder" / "state.db"
    state.parent.mkdir()
    spoil(state)
    harness = Harness(state, "8/minute")
    core = harness.core()
    if spoil is _newer:
        assert error_of(core.answer(lookup()))["details"]["window"] == "minute", "what it granted is not known"
        harness.clock.advance(61)
    assert [core.answer(lookup(f"{number:032x}"))["status"] for number in range(3)] == ["ok", "ok", "error"]
    assert harness.answer("c" * 32)["status"] == "error", "another process has no share of its own"
    assert core.answer(lookup(f"{0:032x}"))["meta"]["source"] == "cache"
    reported = [record.getMessage() for record in caplog.records]
    assert any("working without the shared cache" in message for message in reported)
    assert any("a quarter" in message for message in reported)
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_files_deleted_during_use_are_made_again(state: Path) -> None:
    harness = Harness(state)
    core = harness.core()
    core.answer(lookup())
    for path in list(state.parent.iterdir()):
        path.unlink()
    assert core.answer(lookup("f" * 32))["status"] == "ok"
    assert harness.answer("f" * 32)["meta"]["source"] == "cache"


def test_bytes_changed_anywhere_never_fail_a_lookup(state: Path) -> None:
    harness = Harness(state, "9999/second")
    for number in range(12):
        harness.answer(f"{number:032x}")
    settle(state)
    whole = {path: path.read_bytes() for path in (state, state.with_name("state-quota.db"))}
    for path, content in whole.items():
        for place in range(24, len(content), max(1, len(content) // 60)):
            for old in state.parent.iterdir():
                if old not in whole:
                    old.unlink()
            for each, original in whole.items():
                each.write_bytes(original)
            path.write_bytes(content[:place] + b"\xfe\x01\x80" * 5 + content[place + 15 :])
            harness.clock.advance(10)
            answer = harness.answer(f"{place % 12:032x}", options={"cache": "refresh", "max_wait_s": 5})
            assert answer["status"] == "ok", (path.name, place, answer["error"])


@pytest.mark.parametrize("spoil", [_file_for_folder, _newer])
def test_without_a_required_state_no_request_is_sent(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    state = tmp_path / "folder" / "state.db"
    state.parent.mkdir()
    spoil(state)
    harness = Harness(state, "8/minute", required=True)
    error = harness.answer()["error"]
    assert (error["code"], error["retryable"]) == ("unavailable", True)
    assert "VT_STATE_REQUIRED" in error["message"]
    assert harness.virustotal.asked == []


def test_a_required_state_in_memory_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="VT_STATE_REQUIRED"):
        Harness(Path("memory"), required=True).core()
