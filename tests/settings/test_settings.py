"""Settings: environment before file before defaults, and every bad value named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vt_connectors.config.settings import VARIABLES, Settings, read_settings
from vt_connectors.errors import ConfigError
from vt_connectors.quota.windows import parse_quota
from vt_connectors.verdict import Thresholds

Configure = Callable[..., dict[str, str]]


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """An environment with VT_CONFIG set to a file with the given content."""

    def write(**content: Any) -> dict[str, str]:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(content), "utf-8")
        return {"VT_CONFIG": str(path)}

    return write


def test_nothing_set_means_the_public_quota_and_virustotal_itself() -> None:
    settings = read_settings({"VT_TIMEOUT": "  ", "HOME": "/somewhere"})
    assert settings == Settings()
    assert (settings.api_url, settings.api_version) == ("https://www.virustotal.com", "3")
    assert str(settings.quota) == "4/minute,500/day,15500/month"
    assert (settings.cache_ttl_s, settings.cache_ttl_not_found_s, settings.timeout_s) == (86400, 600, 30)
    assert settings.thresholds == Thresholds(malicious=3, suspicious=1)


_ALL = {
    "VT_API_URL": ("http://127.0.0.1:8099/", "api_url", "http://127.0.0.1:8099"),
    "VT_API_VERSION": ("2", "api_version", "2"),
    "VT_QUOTA": ("10/20s, 7/day", "quota", parse_quota("10/20s,7/day")),
    "VT_STATE": (" memory ", "state", "memory"),
    "VT_STATE_REQUIRED": ("true", "state_required", True),
    "VT_CACHE_TTL": ("60", "cache_ttl_s", 60.0),
    "VT_CACHE_TTL_NOT_FOUND": ("0", "cache_ttl_not_found_s", 0.0),
    "VT_CACHE_SIZE_MB": ("2", "cache_max_bytes", 2 * 1024 * 1024),
    "VT_KEEP_RAW": ("1", "keep_raw", True),
    "VT_PENDING_MAX": ("0", "pending_max", 0),
    "VT_TIMEOUT": ("0.5", "timeout_s", 0.5),
    "VT_NEVER_QUERY": (
        "corp.example, 10.9.0.0/16  vpn.example",
        "never_query",
        ("corp.example", "10.9.0.0/16", "vpn.example"),
    ),
    "VT_SCAN_ROOTS": ("/srv/samples:/tmp/x", "scan_roots", ("/srv/samples", "/tmp/x")),
    "VT_MALICIOUS_THRESHOLD": ("5", "thresholds", Thresholds(5, 1)),
    "VT_SUSPICIOUS_THRESHOLD": ("2", "thresholds", Thresholds(3, 2)),
    "VT_THRESHOLDS": (
        "url.malicious=1, ip.suspicious = 2",
        "thresholds_by_kind",
        (("url.malicious", 1), ("ip.suspicious", 2)),
    ),
    "VT_TRUSTED_ENGINES": ("ESET-NOD32, Dr.Web", "trusted_engines", frozenset(("eset-nod32", "dr.web"))),
    "VT_VERDICT_BY": ("worst", "verdict_by", "worst"),
    "VT_IGNORED_ENGINES": ("CMC Threat Intelligence", "ignored_engines", frozenset(("cmc threat intelligence",))),
}


def test_every_variable_is_tried_here() -> None:
    assert set(_ALL) == set(VARIABLES)


@pytest.mark.parametrize("name", _ALL)
def test_a_variable_sets_its_setting(name: str) -> None:
    text, field, value = _ALL[name]
    assert getattr(read_settings({name: text}), field) == value


@pytest.mark.parametrize("name", sorted(set(_ALL) - {"VT_MALICIOUS_THRESHOLD", "VT_SUSPICIOUS_THRESHOLD"}))
def test_a_file_sets_the_same(name: str, configure: Configure) -> None:
    text, field, value = _ALL[name]
    assert getattr(read_settings(configure(**{name[3:].lower(): text})), field) == value


def test_a_file_may_write_numbers_and_lists(configure: Configure) -> None:
    settings = read_settings(
        configure(timeout=2, cache_ttl=1.5, never_query=["corp.example"], malicious_threshold=4, api_version=3)
    )
    assert (settings.timeout_s, settings.cache_ttl_s) == (2.0, 1.5)
    assert (settings.never_query, settings.thresholds.malicious) == (("corp.example",), 4)


def test_thresholds_for_every_kind_and_for_one(configure: Configure) -> None:
    text = read_settings({"VT_THRESHOLDS": "malicious=5; hash.malicious=9", "VT_SUSPICIOUS_THRESHOLD": "2"})
    file = read_settings(configure(thresholds={"malicious": 5, "hash": {"malicious": 9}}, suspicious_threshold=2))
    assert text.rules == file.rules
    assert text.rules.thresholds_for("hash") == Thresholds(9, 2)
    assert text.rules.thresholds_for("url") == Thresholds(5, 2)


@pytest.mark.parametrize(
    "text", ["url=1", "url.malicious", "mail.malicious=1", "url.harmless=1", "url.malicious=0", "3"]
)
def test_a_wrong_threshold_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="VT_THRESHOLDS"):
        read_settings({"VT_THRESHOLDS": text})


def test_engines_may_be_a_list_because_a_name_may_have_a_comma(configure: Configure) -> None:
    settings = read_settings(configure(ignored_engines=["A, Inc.", " B "]))
    assert settings.ignored_engines == {"a, inc.", "b"}


def test_the_environment_wins_over_the_file(configure: Configure) -> None:
    environment = {**configure(timeout=5, cache_ttl=7), "VT_TIMEOUT": "9"}
    assert (read_settings(environment).timeout_s, read_settings(environment).cache_ttl_s) == (9.0, 7.0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("VT_API_VERSION", "4"),
        ("VT_QUOTA", "often"),
        ("VT_QUOTA", "0/minute"),
        ("VT_QUOTA", "4/fortnight"),
        ("VT_QUOTA", "4/minute,"),
        ("VT_QUOTA", "4/0s"),
        ("VT_STATE_REQUIRED", "perhaps"),
        ("VT_CACHE_TTL", "-1"),
        ("VT_CACHE_TTL", "a day"),
        ("VT_CACHE_TTL_NOT_FOUND", "nan"),
        ("VT_CACHE_SIZE_MB", "0"),
        ("VT_CACHE_SIZE_MB", "inf"),
        ("VT_TIMEOUT", "0"),
        ("VT_TIMEOUT", "1e9"),
        ("VT_MALICIOUS_THRESHOLD", "0"),
        ("VT_MALICIOUS_THRESHOLD", "2.5"),
        ("VT_SUSPICIOUS_THRESHOLD", "some"),
    ],
)
def test_a_bad_value_is_a_config_error_that_names_its_variable(name: str, text: str, configure: Configure) -> None:
    with pytest.raises(ConfigError, match=name):
        read_settings({name: text})
    with pytest.raises(ConfigError):
        read_settings(configure(**{name[3:].lower(): text}))


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"timeuot": 3}, "/timeuot"),
        ({"timeout": True}, "/timeout"),
        ({"timeout": None}, "/timeout"),
        ({"never_query": ["a.example", 5]}, "/never_query/1"),
        ({"malicious_threshold": "3"}, "/malicious_threshold"),
        ({"api_version": 4}, "/api_version"),
        ({"api_key": ""}, "/api_key"),
        ({"api_key": {"secret": "5ec2e7"}}, "/api_key"),
        ({"api_key": "5ec2e7" * 100}, "/api_key"),
    ],
)
def test_a_file_against_the_schema_is_a_config_error_with_the_path_and_without_the_value(
    content: dict[str, Any], path: str, configure: Configure
) -> None:
    with pytest.raises(ConfigError, match="VT_CONFIG") as caught:
        read_settings(configure(**content))
    assert caught.value.details == {"path": path}
    assert "5ec2e7" not in str(caught.value.to_dict())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"5", b"\xff\xfe", b"[" * 100_000, b'{"timeout": NaN}'])
def test_a_file_that_is_no_object_is_a_config_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(ConfigError):
        read_settings({"VT_CONFIG": str(tmp_path / "config.json")})


@pytest.mark.parametrize("path", ["missing.json", ".", "~nobody-of-this-name/config.json"])
def test_a_file_that_cannot_be_read_is_a_config_error(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="VT_CONFIG"):
        read_settings({"VT_CONFIG": path})


def test_what_the_caller_gives_wins_over_environment_and_file(configure: Configure) -> None:
    environment = {**configure(timeout=1, cache_ttl=2, cache_ttl_not_found=3), "VT_TIMEOUT": "10", "VT_CACHE_TTL": "20"}
    settings = read_settings(environment, {"timeout": 100})
    assert (settings.timeout_s, settings.cache_ttl_s, settings.cache_ttl_not_found_s) == (100, 20, 3)
