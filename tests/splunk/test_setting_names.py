"""Messages name the app's settings, unless splunkd's environment has the setting; a key that is no use has its own."""

from __future__ import annotations

from typing import Any

import pytest

from vt_connectors.sandbox import SandboxServer

from .alerting import Alert
from .endpoint_harness import ANALYST, KEY, call, codes
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, normal, only_message

BY_RIGHTS = pytest.mark.parametrize("rights", [ANALYST, EVERYTHING], ids=["by the endpoint", "with the key"])
WRONG = [
    ("quota", "many", "quota in vtlookup.conf: 'many' is not a window"),
    ("never_query", "not a/network", "never_query in vtlookup.conf: "),
    ("api_url", "http://www.example.com", "api_url in vtlookup.conf: plain http"),
    ("cache_ttl", "a day", "cache_ttl in vtlookup.conf: 'a day' is not a number from 0"),
    ("timeout", "2h", "timeout in vtlookup.conf: '2h' is not a number from 0.1"),
    ("state", "/etc/passwd", "state in vtlookup.conf: /etc/passwd was not made by vt-connectors"),
    ("state_required", "perhaps", "state_required in vtlookup.conf: "),
]


def there(splunkd: FakeSplunkd) -> dict[str, Any]:
    return {"session_key": SESSION, "splunkd_uri": splunkd.url}


@BY_RIGHTS
@pytest.mark.parametrize(("name", "value", "reported"), WRONG)
def test_a_wrong_setting_is_called_as_the_admin_knows_it(
    rights: frozenset[str],
    name: str,
    value: str,
    reported: str,
    keyless: Lookup,
    splunkd: FakeSplunkd,
    sandbox: SandboxServer,
) -> None:
    splunkd.users[SESSION] = rights
    splunkd.settings = {**splunkd.settings, name: value, "verdict_indexes": "threat", "comments_allowed": "true"}
    result = keyless([[{"x": EICAR_MD5}]], "hash=x", **there(splunkd))
    message = only_message(result)
    [row] = keyless.command("vtreport")([], f"value={EICAR_MD5}", **there(splunkd)).records
    answer = call(splunkd, {"action": "lookup_hash", "params": {"hash": EICAR_MD5}})[1]["responses"][0]
    said = [message, result.records[0]["vt_error"], row["vt_error"]]
    said += [answer["error"]["message"], answer["summary"]]
    said += Alert("vt_alert_lookup", keyless, splunkd)([{"md5": EICAR_MD5}], fields="md5").said
    assert [text for text in said if reported not in text or "VT_" in text] == []
    assert sandbox.all_requests == []


def test_what_the_environment_of_splunkd_sets_is_called_as_there(keyless: Lookup, splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = EVERYTHING
    splunkd.settings = {**splunkd.settings, "never_query": "not a/network"}
    loud = keyless.set(VT_QUOTA="many")
    assert "VT_QUOTA: 'many' is not a window" in only_message(loud([[{"x": EICAR_MD5}]], "hash=x", **there(splunkd)))
    splunkd.settings = {**splunkd.settings, "quota": "many"}
    mixed = keyless.set(VT_NEVER_QUERY="corp.example")
    reported = only_message(mixed([[{"x": EICAR_MD5}]], "hash=x", **there(splunkd)))
    assert "quota in vtlookup.conf" in reported


@BY_RIGHTS
def test_hints_name_the_settings_too(rights: frozenset[str], keyless: Lookup, splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = rights
    splunkd.settings = {**splunkd.settings, "proxy": "http://127.0.0.1:9", "api_url": "https://vt.example"}
    reported = only_message(keyless([[{"x": EICAR_MD5}]], "hash=x", **there(splunkd)))
    assert "proxy in vtlookup.conf" in reported
    assert "HTTPS_PROXY" not in reported


@BY_RIGHTS
@pytest.mark.parametrize(
    ("password", "reported"),
    [
        ("", "the API key is empty or Splunk could not decrypt it"),
        (" ", "the API key is empty or Splunk could not decrypt it"),
        ("$7$p4Hk0Yw7Zq==", "the API key is empty or Splunk could not decrypt it"),
        ("two words", "the API key stored in Splunk has characters that no key has"),
    ],
)
def test_a_stored_key_that_is_no_use_has_a_message_of_its_own(
    rights: frozenset[str], password: str, reported: str, keyless: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.users[SESSION] = rights
    splunkd.password = password
    message = only_message(keyless([[{"x": EICAR_MD5}]], "hash=x", **there(splunkd)))
    assert reported in message
    assert "store it again on the app's setup page" in message
    assert "VT_" not in message
    assert "two words" not in message
    assert sandbox.all_requests == []


def test_a_key_that_virustotal_refuses_is_looked_for_on_the_setup_page(keyless: Lookup, splunkd: FakeSplunkd) -> None:
    splunkd.password = "wrong-key"
    reported = only_message(keyless([[{"x": EICAR_MD5}]], "hash=x", **there(splunkd)))
    assert "check the key on the app's setup page" in reported
    assert "VT_API_KEY" not in reported


def test_a_misspelt_setting_is_reported_with_the_nearest(keyless: Lookup, splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = EVERYTHING
    splunkd.settings = {**splunkd.settings, "never_qurey": "secret.example", "disabled": "0", "log_level": "info"}
    reported = only_message(keyless([[{"x": EICAR_MD5}]], "hash=x", **there(splunkd)))
    assert reported == "vtlookup: unknown setting never_qurey in vtlookup.conf; the nearest is never_query"
    splunkd.settings = {name: value for name, value in splunkd.settings.items() if name != "never_qurey"}
    normal(keyless([[{"x": EICAR_MD5}]], "hash=x", **there(splunkd)))


def test_a_misspelt_engine_is_reported_with_the_one_that_was_meant(keyless: Lookup, splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = EVERYTHING
    splunkd.settings = {**splunkd.settings, "trusted_engines": "Engin 01", "ignored_engines": "Engine 02, Other"}
    reported = only_message(keyless([[{"x": EICAR_MD5}]], "hash=x", **there(splunkd)))
    told = "trusted_engines in vtlookup.conf: 'engin 01' is not the name of an engine in this answer"
    assert reported == f"vtlookup: {told}; did you mean 'Engine 01'?"


def test_a_setting_that_there_is_not_is_answered_with_the_list(splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = EVERYTHING
    status, answer = call(splunkd, {"settings": {"qouta": "1/day"}}, "vtlookup/settings")
    assert status == 400
    assert answer["wrong"]["qouta"].startswith("unknown setting; settings are api_url, timeout, quota, ")


@pytest.mark.parametrize("written", ["24h", "1d", "1440m", "86400", "86400s"])
def test_a_lifetime_may_be_written_as_a_duration(written: str, keyless: Lookup, splunkd: FakeSplunkd) -> None:
    splunkd.users[SESSION] = EVERYTHING
    lifetimes = {"cache_ttl": written, "cache_ttl_not_found": "15m", "timeout": "30s"}
    assert call(splunkd, {"settings": lifetimes}, "vtlookup/settings")[0] == 200
    assert splunkd.settings["cache_ttl"] == written
    for source in ("api", "cache"):
        [row] = normal(keyless([[{"x": EICAR_MD5}]], "hash=x", **there(splunkd))).records
        assert row["vt_source"] == source


def test_the_endpoint_takes_them_too(splunkd: FakeSplunkd) -> None:
    splunkd.settings = {**splunkd.settings, "cache_ttl": "2w", "timeout": "1m"}
    answer = call(splunkd, {"action": "lookup_hash", "params": {"hash": EICAR_MD5}})[1]
    assert codes(answer) == ["ok"]
    assert KEY not in repr(answer)
