"""The audit log says what was asked about or submitted, whatever came of the call."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.adapters.http.audit import Audit
from vt_connectors.adapters.http.messages import submitted_in
from vt_connectors.adapters.http.rights import ServerSettings

from .serving import EVERYTHING, READER, serving
from .test_audit import EICAR, Lines

OTHER = "vtc_" + "a0-_" * 10 + "xyz"
OWN_KEY = "0123456789abcdef" * 4
CONTENT = b"the content of a file"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
V2 = {"apikey": EVERYTHING}


def _logged(folder: Path, method: str, path: str, rest: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    lines = Lines()
    with serving(folder, watchers=[Audit(lines, FakeClock(), str)], **settings) as server:
        server.call(method, path, **rest)
    return lines.entries


def _run(action: str, **params: Any) -> tuple[str, str, dict[str, Any]]:
    return "POST", "/v1/run", {"json": {"action": action, "params": params}}


@pytest.mark.parametrize(
    ("call", "indicators"),
    [
        (("POST", "/api/v3/files", {"files": {"file": ("a", CONTENT)}}), [SHA256]),
        (("POST", "/api/v3/urls", {"data": {"url": "http://example.com/a"}}), ["http://example.com/a"]),
        (("POST", "/api/v3/urls", {"data": {"url": "nothing like a URL"}}), ["nothing like a URL"]),
        (("GET", "/api/v3/search", {"params": {"query": "tag:a b"}}), ["tag:a b"]),
        (("GET", "/api/v3/intelligence/search", {"params": {"query": "type:peexe p:5+"}}), ["type:peexe p:5+"]),
        (("GET", f"/api/v3/urls/{'a' * 64}/comments", {}), ["a" * 64]),
        (("POST", "/vtapi/v2/url/scan", {"data": {**V2, "url": "nothing like a URL"}}), ["nothing like a URL"]),
        (("GET", "/vtapi/v2/ip-address/report", {"params": {**V2, "ip": "1.2.3"}}), ["1.2.3"]),
        (_run("lookup", value="nothing"), ["nothing"]),
        (_run("lookup_hash", hash="123"), ["123"]),
        (_run("lookup_url", url="http://user:password@"), ["http://"]),
        (_run("add_vote", indicator="nothing", verdict="harmless"), ["nothing"]),
        (_run("intelligence_search", query="type:peexe"), ["type:peexe"]),
        (_run("no_such_action", domain="a.example"), ["a.example"]),
        (("POST", "/v1/actions/lookup_ip", {"json": {"params": {"ip": "1.2.3"}}}), ["1.2.3"]),
        (("GET", "/v1/lookup?value=nothing", {}), ["nothing"]),
        (("GET", "/v1/lookup?value=8.8.8.8&max_age=soon", {}), ["8.8.8.8"]),
    ],
)
def test_a_line_has_what_the_call_was_about(
    tmp_path: Path, call: tuple[str, str, dict[str, Any]], indicators: list[str]
) -> None:
    [entry] = _logged(tmp_path, *call)
    assert entry["indicators"] == indicators


def test_a_file_that_virustotal_refuses_was_submitted_all_the_same(tmp_path: Path) -> None:
    rest = {"files": {"file": ("a", CONTENT)}}
    [entry] = _logged(tmp_path, "POST", "/api/v3/files", rest, key="wrong-key")
    assert (entry["outcome"], entry["indicators"]) == ("access_denied", [SHA256])


def test_a_call_that_the_tokens_rights_do_not_allow_has_its_indicator(tmp_path: Path) -> None:
    lines = Lines()
    with serving(tmp_path, watchers=[Audit(lines, FakeClock(), str)]) as server:
        server.run({"action": "scan_url", "params": {"url": "http://example.com/"}}, READER)
    assert (lines.entries[0]["status"], lines.entries[0]["indicators"]) == (403, ["http://example.com/"])


def test_each_line_of_a_batch_has_its_own_indicator_and_none_has_a_token(tmp_path: Path) -> None:
    values = (EICAR, "nothing", OTHER)
    body = "\n".join(json.dumps({"action": "lookup", "params": {"value": value}}) for value in values)
    rest = {"data": body, "headers": {"Content-Type": "application/x-ndjson"}}
    of_lines = [entry for entry in _logged(tmp_path, "POST", "/v1/batch", rest) if entry.get("in_batch")]
    assert [entry["indicators"] for entry in of_lines] == [[EICAR], ["nothing"], ["[token]"]]


@pytest.mark.parametrize("headers", [{"x-apikey": OWN_KEY, "Authorization": ""}, {}])
def test_a_clients_own_key_is_never_logged(tmp_path: Path, headers: dict[str, str]) -> None:
    document: dict[str, Any] = {"action": "lookup", "params": {"value": OWN_KEY}}
    if not headers:
        document["auth"] = {"api_key": OWN_KEY}
    settings = {"server_settings": ServerSettings(accepts_keys=True)}
    rest = {"json": document, "headers": headers}
    [entry] = _logged(tmp_path, "POST", "/v1/run", rest, **settings)
    assert entry["outcome"] == "invalid_indicator"
    assert OWN_KEY not in json.dumps(entry)


@pytest.mark.parametrize("document", [None, [], {}, {"params": []}, {"params": {"value": 5, "hash": ""}}])
def test_a_document_that_is_about_nothing_has_no_indicator(document: Any) -> None:
    assert submitted_in(document) is None
