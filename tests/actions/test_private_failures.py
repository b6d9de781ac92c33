"""Whatever goes wrong with a private scan, nothing is submitted in public, and nothing is sent twice."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.responses import error_of
from tests.scripted_server import Received, ScriptedServer, Step, answer, json_answer, own_error, reset
from tests.virustotal.house import SECRET, core_at, with_a_large_file
from vt_connectors.errors import InvalidResponse
from vt_connectors.virustotal.http.given_urls import checked_private_upload_url
from vt_connectors.virustotal.v3 import LARGEST_DIRECT_UPLOAD

CONTENT = b"MZ secret plans"
SHA256, MD5 = hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest()
ANALYSIS_ID = base64.b64encode(f"{MD5}:None:1700000000".encode()).decode()
URL = "http://intranet-share.example/token=1"
SCANS = {
    "scan_file": {"content_base64": base64.b64encode(CONTENT).decode(), "private": True},
    "scan_url": {"url": URL, "private": True},
}
WRONG = json_answer(200, {"data": {"type": "analysis", "id": ANALYSIS_ID}})
ANOTHER = base64.b64encode(f"{'0' * 32}:None:1700000000".encode()).decode()
FAILURES: dict[str, tuple[Step, set[str]]] = {
    "bad request": (own_error(400), {"invalid_indicator"}),
    "wrong key": (own_error(401), {"access_denied"}),
    "no licence": (own_error(403), {"forbidden"}),
    "no such call": (own_error(404), {"invalid_response"}),
    "conflict": (own_error(409), {"conflict"}),
    "too large": (answer(413, b"<html>"), {"too_large"}),
    "out of quota": (own_error(429), {"rate_limited"}),
    "a proxy's limit": (answer(429, b"slow down"), {"rate_limited"}),
    "moved": (answer(302, b"", {"Location": "/api/v3/files"}), {"outcome_unknown"}),
    "moved with the method kept": (answer(307, b"", {"Location": "/api/v3/urls"}), {"invalid_response"}),
    "a proxy's login": (answer(407, b"<html>", {"Content-Type": "text/html"}), {"invalid_response"}),
    "a proxy's page": (answer(200, b"<html>", {"Content-Type": "text/html"}), {"outcome_unknown"}),
    "busy": (own_error(503), {"unavailable"}),
    "no answer from behind": (answer(504, b""), {"outcome_unknown"}),
    "connection lost": (reset(), {"outcome_unknown"}),
    "a public analysis": (WRONG, {"outcome_unknown"}),
    "an empty answer": (json_answer(200, {}), {"outcome_unknown"}),
}


def public_writes(received: list[Received]) -> list[str]:
    """The requests that could make something public."""
    calls = [f"{each.method} {each.target}" for each in received]
    return [call for call in calls if re.search(r"/api/v3/(files|urls|analyses)|/vtapi/|/_ah/", call)]


def asked(
    server: ScriptedServer, action: str, params: dict[str, Any], *steps: Step, is_large: bool = False
) -> Mapping[str, Any]:
    server.script(*steps)
    core = core_at(server.url, FakeClock())
    if is_large:
        core = with_a_large_file(core)
    response = core.answer({"action": action, "params": params, "options": {"max_wait_s": 1}})
    core.close()
    return response


@pytest.mark.parametrize("action", SCANS)
@pytest.mark.parametrize("failure", FAILURES)
def test_after_a_failure_nothing_is_submitted_in_public_and_nothing_is_repeated(action: str, failure: str) -> None:
    step, codes = FAILURES[failure]
    with ScriptedServer() as server:
        error = error_of(asked(server, action, {**SCANS[action], "wait_s": 60}, step))
        assert error["code"] in codes, error
        assert [(each.method, each.target) for each in server.received] == [
            ("POST", "/api/v3/private/files" if action == "scan_file" else "/api/v3/private/urls")
        ]
        assert public_writes(server.received) == []


@pytest.mark.parametrize("failure", ["conflict", "busy", "connection lost", "no licence"])
def test_a_failure_while_waiting_ends_in_a_pending_answer_and_submits_nothing(failure: str) -> None:
    accepted = json_answer(200, {"data": {"type": "private_analysis", "id": ANALYSIS_ID}})
    with ScriptedServer() as server:
        response = asked(server, "scan_file", {**SCANS["scan_file"], "wait_s": 30}, accepted, FAILURES[failure][0])
        assert (response["status"], response["data"]["private"]) == ("pending", True)
        posts = [each for each in server.received if each.method == "POST"]
        assert len(posts) == 1
        assert public_writes(server.received) == []


@pytest.mark.parametrize("action", SCANS)
def test_no_connection_is_an_error_of_the_private_scan(action: str) -> None:
    core = core_at("http://127.0.0.1:9", FakeClock())
    assert error_of(core.answer({"action": action, "params": SCANS[action]}))["code"] == "unavailable"


def test_another_files_analysis_is_not_taken_for_this_ones() -> None:
    accepted = json_answer(200, {"data": {"type": "private_analysis", "id": ANOTHER}})
    with ScriptedServer() as server:
        assert error_of(asked(server, "scan_file", SCANS["scan_file"], accepted))["code"] == "outcome_unknown"


OPTIONS = {"private": True, "password": "infected", "retention_days": 3}


def large(folder: Path) -> dict[str, Any]:
    path = folder / "large.bin"
    path.write_bytes(b"." * (LARGEST_DIRECT_UPLOAD + 1))  # a key is looked for in zeros for four times as long
    return {"path": str(path), **OPTIONS}


def test_a_large_file_goes_to_the_private_upload_url_with_its_options(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        address = json_answer(200, {"data": f"{server.url}/_ah/upload/private/xyz"})
        accepted = json_answer(200, {"data": {"type": "private_analysis", "id": "opaque"}})
        assert asked(server, "scan_file", large(tmp_path), address, accepted)["status"] == "pending"
        ask, sent = server.received
        assert (ask.method, ask.target) == ("GET", "/api/v3/private/files/upload_url")
        assert (sent.method, sent.target) == ("POST", "/_ah/upload/private/xyz")
        for name, value in (("password", "infected"), ("retention_period_days", "3")):
            assert f'name="{name}"\r\n\r\n{value}\r\n'.encode() in sent.body


@pytest.mark.parametrize(
    "place",
    [
        "{}/api/v3/files",
        "{}/api/v3/urls",
        "{}//api/v3/files",
        "{}/_ah/../api/v3/files",
        "{}/%61pi/v3/files",
        "{}/API/v3/files",
        "{}/api/v3/private/../files",
        "{}/vtapi/v2/file/scan",
        "https://storage.example/upload",
        "http://user@127.0.0.1/upload",
        "",
    ],
)
def test_a_private_file_is_not_sent_to_the_url_of_another_call_or_server(place: str) -> None:
    with ScriptedServer() as server:
        address = json_answer(200, {"data": place.format(server.url)})
        error = error_of(asked(server, "scan_file", OPTIONS, address, is_large=True))
        assert error["code"] == "invalid_response"
        assert "neither file nor key was sent" in error["message"]
        assert [each.target for each in server.received] == ["/api/v3/private/files/upload_url"]


def test_virustotals_own_private_upload_urls_are_taken() -> None:
    base = "https://www.virustotal.com"
    for path in ("/_ah/upload/AMmfu6b", "/api/v3/private/files/upload/xyz"):
        assert checked_private_upload_url(base + path, base) == base + path
    with pytest.raises(InvalidResponse):
        checked_private_upload_url(f"{base}/api/v3/files", base)


@pytest.mark.parametrize("failure", ["no licence", "conflict", "no answer from behind", "connection lost", "moved"])
def test_a_large_file_whose_upload_fails_is_not_submitted_in_public(failure: str) -> None:
    with ScriptedServer() as server:
        address = json_answer(200, {"data": f"{server.url}/upload/xyz"})
        error_of(asked(server, "scan_file", OPTIONS, address, FAILURES[failure][0], is_large=True))
        assert [each.target for each in server.received] == ["/api/v3/private/files/upload_url", "/upload/xyz"]


def test_the_options_are_sent_by_virustotals_names_before_the_file() -> None:
    options = {
        "password": "pa ss",
        "command_line": '/s "x"',
        "disable_sandbox": True,
        "enable_internet": False,
        "intercept_tls": True,
        "interaction_sandbox": "cape_win",
        "interaction_timeout_s": 90,
        "retention_days": 7,
        "region": "US",
        "locale": "de_DE",
    }
    accepted = json_answer(200, {"data": {"type": "private_analysis", "id": ANALYSIS_ID}})
    with ScriptedServer() as server:
        assert asked(server, "scan_file", {**SCANS["scan_file"], **options}, accepted)["status"] == "pending"
        body = server.received[0].body.decode("latin-1")
    found = dict(re.findall(r'name="(\w+)"\r\n\r\n(.*?)\r\n', body))
    assert found == {
        "password": "pa ss",
        "command_line": '/s "x"',
        "disable_sandbox": "true",
        "enable_internet": "false",
        "intercept_tls": "true",
        "interaction_sandbox": "cape_win",
        "interaction_timeout": "90",
        "retention_period_days": "7",
        "storage_region": "US",
        "locale": "de_DE",
    }
    assert body.index('name="locale"') < body.index('name="file"')


def test_the_options_of_a_url_are_sent_in_its_form() -> None:
    accepted = json_answer(200, {"data": {"type": "private_analysis", "id": "opaque"}})
    params = {**SCANS["scan_url"], "retention_days": 7, "region": "EU"}
    with ScriptedServer() as server:
        assert asked(server, "scan_url", params, accepted)["status"] == "pending"
        assert server.received[0].body == (
            b"url=http%3A%2F%2Fintranet-share.example%2Ftoken%3D1&retention_period_days=7&storage_region=EU"
        )


def test_the_password_of_an_archive_is_sent_with_a_public_scan_too() -> None:
    accepted = json_answer(200, {"data": {"type": "analysis", "id": "bWQ1OjE="}})
    params = {"content_base64": SCANS["scan_file"]["content_base64"], "password": "infected"}
    with ScriptedServer() as server:
        assert asked(server, "scan_file", params, accepted)["status"] == "pending"
        assert server.received[0].target == "/api/v3/files"
        assert b'name="password"\r\n\r\ninfected\r\n' in server.received[0].body


@pytest.mark.parametrize("param", ["password", "command_line"])
def test_an_api_key_in_an_option_is_not_sent(param: str) -> None:
    with ScriptedServer() as server:
        error_of(asked(server, "scan_file", {**SCANS["scan_file"], param: f"x {SECRET}"}, WRONG))
        assert server.received == []


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("error", "scan_failed"),
        ("unsupported file type", "unsupported_file_type"),
        ("corrupted file", "corrupted_file"),
    ],
)
def test_a_scan_that_virustotal_cannot_make_ends_the_wait_with_the_reason(status: str, reason: str) -> None:
    accepted = json_answer(200, {"data": {"type": "private_analysis", "id": ANALYSIS_ID}})
    ended = json_answer(
        200,
        {
            "data": {"type": "private_analysis", "id": ANALYSIS_ID, "attributes": {"status": status}},
            "meta": {"file_info": {"sha256": SHA256, "md5": MD5}},
        },
    )
    with ScriptedServer() as server:
        response = asked(server, "scan_file", {**SCANS["scan_file"], "wait_s": 600}, accepted, ended)
        assert (response["status"], response["data"]["verdict"]) == ("ok", "unknown")
        assert (response["data"]["analysis_status"], response["data"]["reason"]) == (status, reason)
        assert len(server.received) == 2
        assert json.dumps(response).isascii()


def test_an_analysis_of_another_file_is_not_taken_for_this_one() -> None:
    accepted = json_answer(200, {"data": {"type": "private_analysis", "id": ANALYSIS_ID}})
    for data, meta in (
        ({"id": ANOTHER}, {"sha256": SHA256}),
        ({"id": ANALYSIS_ID}, {"sha256": "0" * 64}),
    ):
        document = {
            "data": {"type": "private_analysis", "attributes": {"status": "completed"}, **data},
            "meta": {"file_info": meta},
        }
        with ScriptedServer() as server:
            params = {**SCANS["scan_file"], "wait_s": 20}
            assert asked(server, "scan_file", params, accepted, json_answer(200, document))["status"] == "pending"
            assert not any("/private/files/" in each.target for each in server.received)
