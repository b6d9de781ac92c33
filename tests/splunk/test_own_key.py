"""A value with the API key is not sent, queued, indexed or repeated anywhere in the app."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vt_connectors.sandbox import SandboxServer

from .alerting import Alert
from .endpoint_harness import ANALYST, KEY, call, codes
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, md5

URLS = [
    f"https://h.example/?k={KEY}",
    f"https://h.example/{KEY.upper()}",
    f"https://h.example/%{ord(KEY[0]):02x}{KEY[1:]}",
]
BY = pytest.mark.parametrize("rights", [ANALYST, EVERYTHING], ids=["by the endpoint", "with the key"])


def left_by_key(folder: Path) -> list[str]:
    key = KEY.encode().lower()
    return [path.name for path in folder.rglob("*") if path.is_file() and key in path.read_bytes().lower()]


@BY
@pytest.mark.parametrize("quota", ["none", "1/month"])
def test_rows_with_the_key_are_invalid_and_neither_requested_nor_queued(
    rights: frozenset[str], quota: str, keyless: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer, home: Path
) -> None:
    splunkd.users[SESSION] = rights
    splunkd.settings = {**splunkd.settings, "quota": quota}
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    keyless([[{"x": EICAR_MD5}], [{"x": md5(1)}]], "hash=x", "wait=0", **there)
    before = len(sandbox.all_requests)
    result = keyless([[{"x": url} for url in URLS]] * 2, "url=x", "wait=0", **there)
    assert [record["vt_status"] for record in result.records] == ["error"] * 6
    for record in result.records:
        assert "API key" in str(record["vt_error"])
        assert KEY.lower() not in json.dumps({**record, "x": ""}).lower()
    assert KEY.lower() not in repr((result.messages, result.stderr)).lower()
    assert len(sandbox.all_requests) == before
    assert left_by_key(home) == []


def test_the_endpoint_takes_no_value_with_the_key(splunkd: FakeSplunkd, sandbox: SandboxServer, home: Path) -> None:
    splunkd.users[SESSION] = ANALYST | {"run_vtlookup_write"}
    splunkd.settings = {**splunkd.settings, "comments_allowed": "true"}
    documents = [
        *({"action": "lookup_url", "params": {"url": url}, "id": url} for url in URLS),
        {"action": "lookup_hash", "params": {"hash": KEY}},
        {"action": "add_comment", "params": {"indicator": EICAR_MD5, "comment": f"mine is {KEY}"}},
    ]
    status, answer = call(splunkd, {"requests": documents})
    assert status == 200
    assert codes(answer) == ["invalid_indicator"] * 4 + ["invalid_request"]
    assert sandbox.all_requests == []
    assert left_by_key(home) == []


def test_an_alert_writes_no_event_with_the_key(
    keyless: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer, home: Path
) -> None:
    splunkd.settings = {**splunkd.settings, "verdict_indexes": "main"}
    ran = Alert("vt_alert_lookup", keyless, splunkd)([{"u": url} for url in (*URLS, "https://ok.example/")], fields="u")
    assert KEY.lower() not in repr((splunkd.indexed, ran.said)).lower()
    assert len(splunkd.indexed) >= 1
    assert all(KEY.lower() not in request.path.lower() for request in sandbox.all_requests)


@BY
def test_no_comment_has_the_key(
    rights: frozenset[str], keyless: Lookup, splunkd: FakeSplunkd, sandbox: SandboxServer
) -> None:
    splunkd.settings = {**splunkd.settings, "comments_allowed": "true"}
    splunkd.users[SESSION] = rights | {"run_vtlookup_write"}
    there: dict[str, Any] = {"session_key": SESSION, "splunkd_uri": splunkd.url}
    result = keyless.command("vtcomment")([], f"value={EICAR_MD5}", f"comment=mine is {KEY}", **there)
    assert KEY not in repr(result)
    assert result.records == []
    assert [level for level, _ in result.messages] == ["ERROR"]
    assert sandbox.all_requests == []
