"""What `connect` may be given, and where the rest comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.python_api.conftest import KEY, Connect
from tests.vtaction_process import EICAR
from vt_connectors import ConfigError, connect
from vt_connectors.adapters.python.options import ConnectionSettings
from vt_connectors.contract.validation import schema
from vt_connectors.sandbox import SandboxServer


def test_the_settings_are_those_of_the_configuration_file() -> None:
    known = set(schema("settings.json")["properties"])
    # The profiles are sections of the file.
    assert set(ConnectionSettings.__annotations__) | {"api_key", "profiles"} == known


def test_without_arguments_all_comes_from_the_environment(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VT_API_URL", sandbox.url)
    monkeypatch.setenv("VT_API_KEY", KEY)
    monkeypatch.setenv("VT_QUOTA", "7/minute")
    with connect() as vt:
        assert vt.lookup_hash(EICAR).status == "ok"
        assert vt.quota().windows["minute"].limit == 7


def test_arguments_win_over_the_environment_and_the_environment_over_the_file(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "vt.json"
    config.write_text(json.dumps({"quota": "1/minute", "api_key": KEY, "api_url": "https://nobody.invalid"}), "utf-8")
    monkeypatch.setenv("VT_CONFIG", str(config))
    monkeypatch.setenv("VT_API_URL", sandbox.url)
    with connect(quota="9/minute") as vt:
        assert vt.quota().windows["minute"].limit == 9


def test_the_key_that_is_given_wins(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VT_API_KEY", "from-the-environment")
    monkeypatch.setenv("VT_API_URL", sandbox.url)
    file = tmp_path / "key"
    file.write_text("from-the-file\n", "utf-8")
    with connect("from-the-caller") as first, connect(api_key_file=file) as second, connect() as third:
        for vt in (first, second, third):
            vt.lookup_hash(EICAR, cache="off")
    assert len({request.key for request in sandbox.requests}) == 3


def test_without_a_key_only_what_must_be_asked_fails(sandbox: SandboxServer, tmp_path: Path) -> None:
    with connect(api_url=sandbox.url, state=tmp_path / "state.db") as vt:
        assert vt.lookup_ip("10.0.0.1").status == "skipped"
        assert vt.lookup_hash(EICAR, cache="only").status == "skipped"
        with pytest.raises(ConfigError, match="no API key"):
            vt.lookup_hash(EICAR)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"quota": "4/fortnight"}, "VT_QUOTA"),
        ({"api_url": "http://virustotal.example"}, "VT_API_URL"),
        ({"timeout": "soon"}, "VT_TIMEOUT"),
        ({"timeout": True}, "timeout"),
        ({"state": 5}, "state"),
        ({"malicious_threshold": 0}, "malicious_threshold"),
        ({"api_version": "4"}, "api_version"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "two words"}, "API key"),
        ({"api_key": b"bytes"}, "api_key"),
        ({"api_key": "k", "api_key_file": "f"}, "both given"),
    ],
)
def test_a_bad_setting_is_an_error_at_once(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        connect(**settings)


def test_a_name_that_is_none_says_which_there_are() -> None:
    said = r"unknown setting .cache_tl.; did you mean .cache_ttl.\? Known names: api_key, .*cache_ttl, .*timeout"
    with pytest.raises(ConfigError, match=said):
        connect(cache_tl=5)  # type: ignore[call-arg]


def test_none_is_as_good_as_not_given(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VT_API_URL", sandbox.url)
    monkeypatch.setenv("VT_API_KEY", KEY)
    with connect(api_key=None, api_url=None, state=None, timeout=None) as vt:
        assert vt.lookup_hash(EICAR).status == "ok"


def test_the_never_query_list_is_any_iterable(at_sandbox: Connect, sandbox: SandboxServer) -> None:
    vt = at_sandbox(never_query=("corp.example", "203.0.113.0/24"))
    assert vt.lookup("www.corp.example").reason == "never_query"
    assert vt.lookup("203.0.113.9").status == "skipped"
    assert sandbox.requests == []


def test_thresholds_are_a_setting(at_sandbox: Connect) -> None:
    assert at_sandbox(malicious_threshold=1000).lookup_hash(EICAR).verdict == "suspicious"
