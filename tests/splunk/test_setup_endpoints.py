"""The setup page's endpoints: they repeat the page's checks, and never return the key."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
import trustme

from tests.scripted_server import ScriptedServer, answer, json_answer
from vt_connectors.sandbox import SandboxServer
from vt_connectors.sandbox.accounts import key_digest

from .endpoint_harness import ENDPOINT, KEY, call, codes, lookup_of
from .fake_splunkd import EVERYTHING, IS_ADMIN, SESSION, STORES_KEYS, FakeSplunkd
from .searching import EICAR_MD5

SETTINGS, CHECKS = "vtlookup/settings", "vtlookup/checks"
FIELDS = (
    *("api_url", "timeout", "quota", "cache_ttl", "cache_ttl_not_found", "cache_size_mb", "state", "never_query"),
    *("pending_max", "malicious_threshold", "suspicious_threshold", "proxy", "ca_bundle"),
    *("verdict_indexes", "comments_allowed", "writes_allowed", "state_required"),
    *("thresholds", "trusted_engines", "ignored_engines", "verdict_by"),
)


@pytest.fixture
def admin(splunkd: FakeSplunkd) -> FakeSplunkd:
    """The same splunkd, called by an admin."""
    splunkd.users[SESSION] = EVERYTHING
    return splunkd


def store(splunkd: FakeSplunkd, key: Any = None, **settings: Any) -> tuple[int, Any]:
    return call(splunkd, {"settings": settings, **({} if key is None else {"api_key": key})}, SETTINGS)


def test_all_settings_are_shown_but_the_key(admin: FakeSplunkd) -> None:
    status, shown = call(admin, "", SETTINGS, "GET")
    assert status == 200
    assert sorted(shown["settings"]) == sorted(FIELDS)
    assert shown["settings"]["never_query"] == "corp.example"
    assert shown["key_is_set"] is True
    admin.password = None
    assert call(admin, "", SETTINGS, "GET")[1]["key_is_set"] is False


def test_settings_and_key_are_stored_and_shown(admin: FakeSplunkd) -> None:
    status, shown = store(admin, "another-key", never_query="example.org", cache_ttl=60)
    assert (status, shown["settings"]["never_query"], shown["settings"]["cache_ttl"]) == (200, "example.org", "60")
    assert admin.password == "another-key"
    assert "another-key" not in repr(shown)
    assert "apps/local/vtlookup" in admin.asked


def test_the_first_key_is_stored_as_well_as_any_other(admin: FakeSplunkd) -> None:
    admin.password = None
    for key in ("the-first-key", "the-second-key"):
        assert store(admin, key)[0] == 200
        assert admin.password == key


@pytest.mark.parametrize(
    ("name", "bad", "reported"),
    [
        ("quota", "many", "'many' is not a window"),
        ("quota", "0/minute", "is not a window"),
        ("cache_ttl", "-1", "is not a number from 0"),
        ("cache_ttl", "nan", "is not a number from 0"),
        ("cache_ttl", True, "a text or a number"),
        ("cache_ttl_not_found", "soon", "is not a number"),
        ("cache_size_mb", 0, "is not a number from 1"),
        ("timeout", 0, "is not a number from 0.1"),
        ("api_url", "http://www.example.com", "https"),
        ("malicious_threshold", "1.5", "is not a whole number"),
        ("suspicious_threshold", 0, "is not a number from 1"),
        ("thresholds", "url.malicious=0", "is not a number from 1"),
        ("thresholds", "mail.malicious=1", "there is no threshold"),
        ("never_query", "not..a.name", "not..a.name"),
        ("never_query", "a.example\nquota = none", "one line"),
        ("never_query", ["a.example"], "a text or a number"),
        ("state", "relative/state.db", "not an absolute path"),
        ("state", "/tmp", "is not a regular file"),
        ("state", "/etc/passwd", "was not made by vt-connectors"),
        ("state_required", "maybe", "neither true nor false"),
        ("state", "redis://redis.example.com", "redis:// is not available here"),
        ("state", "redis://:secret@redis.example.com", "must not contain a name and password"),
        ("proxy", "http://name:secret@proxy.example.com", "must not contain a name and password"),
        ("proxy", "ftp://proxy.example.com", "an address like"),
        ("proxy", "http://proxy.example.com:port", "an address like"),
        ("ca_bundle", "/no/such/file", "the absolute path of a file"),
        ("ca_bundle", "ca.pem", "the absolute path of a file"),
        ("selected_fields", "false", "unknown setting"),
    ],
)
def test_bad_values_are_refused_by_the_server_and_nothing_is_stored(
    admin: FakeSplunkd, name: str, bad: Any, reported: str
) -> None:
    before = dict(admin.settings)
    status, refused = store(admin, "another-key", **{"timeout": 60, name: bad})
    assert (status, list(refused["wrong"])) == (400, [name])
    assert reported in refused["wrong"][name]
    assert "VT_" not in refused["wrong"][name]
    assert (admin.settings, admin.password) == (before, KEY)


@pytest.mark.parametrize("key", ["two words", 7, True, 0, False, ["x"], [], {"a": "b"}, "x" * 5000])
def test_a_key_that_is_none_is_refused_and_not_repeated(admin: FakeSplunkd, key: Any) -> None:
    status, refused = store(admin, key, cache_ttl=60)
    assert (status, list(refused["wrong"])) == (400, ["api_key"])
    assert "two words" not in repr(refused)
    assert (admin.password, admin.settings.get("cache_ttl")) == (KEY, None)


@pytest.mark.parametrize("body", ["", "[]", "{", '{"setings": {}}', '{"settings": []}', "[" * 50_000, "x" * 600_000])
def test_what_is_no_form_is_refused(admin: FakeSplunkd, body: str) -> None:
    assert call(admin, body, SETTINGS)[0] == 400
    assert call(admin, body, CHECKS)[0] == 400


def test_a_good_place_for_everything_is_taken(admin: FakeSplunkd, tmp_path: Any) -> None:
    bundle = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    place = str(tmp_path / "state.db")
    status, shown = store(admin, state=place, ca_bundle=str(bundle), proxy="http://127.0.0.1:3128/", never_query="")
    assert status == 200
    assert (admin.settings["state"], admin.settings["ca_bundle"]) == (place, str(bundle))
    assert shown["settings"]["never_query"] == ""


def test_it_takes_the_capability_and_the_users_own_rights(splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = EVERYTHING - {"vtlookup_admin"}
    assert [call(splunkd, "", path, method)[0] for path, method in ((SETTINGS, "GET"), (CHECKS, "POST"))] == [403, 403]
    for missing, reported in ((STORES_KEYS, "edit_storage_passwords"), (IS_ADMIN, "write access to the app vtlookup")):
        splunkd.users[SESSION] = EVERYTHING - {missing}
        key = "another-key" if missing == STORES_KEYS else None
        status, refused = store(splunkd, key, cache_ttl=60)
        assert (status, reported in refused["error"]) == (403, True)
        assert (splunkd.settings.get("cache_ttl"), splunkd.password) == (None, KEY)


def wrong(splunkd: FakeSplunkd) -> tuple[list[str], str]:
    """The failed steps of the connection test, and their messages."""
    status, found = call(splunkd, {"check": "connection"}, CHECKS)
    assert status == 200
    steps = [finding["about"] for finding in found["findings"] if finding["ok"] is False]
    assert found["ok"] is (not steps)
    return steps, found["text"]


def test_the_test_says_what_is_wrong(admin: FakeSplunkd) -> None:
    good = dict(admin.settings)
    assert wrong(admin)[0] == []
    admin.password = "wrong-key"
    assert wrong(admin)[0] == ["key"]
    admin.password = None
    steps, text = wrong(admin)
    assert (steps, "no API key is stored" in text) == (["key"], True)
    admin.password = KEY
    admin.settings = {**good, "api_url": "http://127.0.0.1:9"}
    assert wrong(admin)[0] == ["network"]
    admin.settings = {**good, "quota": "many"}
    assert wrong(admin)[0] == ["settings"]


def test_a_used_up_quota_is_found(admin: FakeSplunkd) -> None:
    admin.settings = {**admin.settings, "quota": "1/minute"}
    assert codes(call(admin, lookup_of(EICAR_MD5))[1]) == ["ok"]
    steps, text = wrong(admin)
    assert (steps, text) == (["quota"], "used: 1 of 1 a minute")


def test_a_certificate_that_is_not_accepted_is_found(admin: FakeSplunkd) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    with ScriptedServer(tls) as server:
        admin.settings = {**admin.settings, "api_url": server.url}
        steps, text = wrong(admin)
    assert steps == ["certificate"]
    assert "certificate of the server was not accepted" in text


def test_what_is_not_virustotal_is_found(admin: FakeSplunkd) -> None:
    with ScriptedServer() as server:
        server.script(answer(200, b"<html>a proxy's page"))
        admin.settings = {**admin.settings, "api_url": server.url}
        assert wrong(admin)[0] == ["network"]


def figures(hour: int, day: int, month: int) -> dict[str, Any]:
    names = {"api_requests_hourly": hour, "api_requests_daily": day, "api_requests_monthly": month}
    return {"data": {name: {"user": {"allowed": allowed, "used": 0}} for name, allowed in names.items()}}


@pytest.mark.parametrize(
    ("reported", "measured"),
    [
        (figures(240, 500, 15500), {"quota": "4/minute,500/day,15500/month", "tier": "public"}),
        (figures(60000, 30000, 10**9), {"quota": "1000/minute,30000/day", "tier": "premium"}),
        ({"data": {}}, {"error": "VirusTotal reports no quota for this account"}),
    ],
)
def test_the_account_is_measured(admin: FakeSplunkd, reported: dict[str, Any], measured: dict[str, str]) -> None:
    with ScriptedServer() as server:
        server.script(json_answer(200, reported))
        admin.settings = {**admin.settings, "api_url": server.url}
        assert call(admin, {"check": "account"}, CHECKS) == (200, measured)


def test_an_account_that_cannot_be_measured_says_why(admin: FakeSplunkd) -> None:
    admin.password = "wrong-key"
    status, answer_ = call(admin, {"check": "account"}, CHECKS)
    assert (status, list(answer_)) == (200, ["error"])
    assert "wrong-key" not in repr(answer_)
    assert admin.asked.count(ENDPOINT) == 0


def test_a_new_key_is_asked_with_once_it_is_stored(admin: FakeSplunkd, sandbox: SandboxServer) -> None:
    wrong(admin)
    store(admin, "another-key")
    wrong(admin)
    asked = [request.key for request in sandbox.all_requests]
    assert asked == [key_digest(KEY), key_digest("another-key")]
