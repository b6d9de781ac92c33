"""Scans and their statuses."""

from __future__ import annotations

import base64
import hashlib

import pytest

from vt_connectors.sandbox import Quota, SandboxConfig

from .calling import EICAR_MD5, EICAR_SHA256, NOON, Caller, SettableClock, base64_id, error_of
from .conftest import StartSandbox

NEW_URL = "http://unknown.example/"
NEW_ID = hashlib.sha256(NEW_URL.encode()).hexdigest()


def scan(caller: Caller, url: str) -> str:
    answer = caller.post("urls", data={"url": url})
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert data["type"] == "analysis"
    ident: str = data["id"]
    return ident


def test_url_scan_is_named_after_the_url_and_the_time(caller: Caller) -> None:
    assert scan(caller, NEW_URL) == f"u-{NEW_ID}-{int(NOON)}"


def test_analysis_is_queued_then_in_progress_then_completed(caller: Caller, clock: SettableClock) -> None:
    ident = scan(caller, "http://malicious.example/payload.bin")
    rows = []
    for _ in range(3):
        attributes = caller.data(f"analyses/{ident}")["attributes"]
        assert sum(attributes["stats"].values()) == len(attributes["results"])
        rows.append((attributes["status"], len(attributes["results"]) > 0))
        clock.advance(2.5)
    assert rows == [("queued", False), ("in-progress", True), ("completed", True)]
    assert attributes["stats"]["malicious"] > 0


def test_pace_of_analyses_can_be_set(start_sandbox: StartSandbox, clock: SettableClock) -> None:
    config = SandboxConfig(queued_s=100, completed_s=200)
    caller = Caller(start_sandbox(Quota.unlimited(), config=config).url)
    ident = scan(caller, NEW_URL)
    clock.advance(99)
    assert caller.data(f"analyses/{ident}")["attributes"]["status"] == "queued"
    clock.advance(101)
    assert caller.data(f"analyses/{ident}")["attributes"]["status"] == "completed"


def test_new_url_has_no_results_until_its_scan_has_finished(caller: Caller, clock: SettableClock) -> None:
    assert caller.get(f"urls/{base64_id(NEW_URL)}").status_code == 404
    scan(caller, NEW_URL)
    fresh = caller.data(f"urls/{NEW_ID}")["attributes"]
    assert fresh["last_analysis_results"] == {}
    assert sum(fresh["last_analysis_stats"].values()) == 0
    assert "last_analysis_date" not in fresh
    clock.advance(5)
    scanned = caller.data(f"urls/{NEW_ID}")["attributes"]
    assert scanned["last_analysis_results"]
    assert (scanned["last_analysis_date"], scanned["times_submitted"]) == (int(NOON), 1)


def test_old_report_stays_until_the_rescan_has_finished(caller: Caller, clock: SettableClock) -> None:
    before = caller.data(f"files/{EICAR_MD5}")["attributes"]
    ident = caller.post(f"files/{EICAR_MD5}/analyse").json()["data"]["id"]
    assert base64.b64decode(ident).decode() == f"{EICAR_MD5}:{int(NOON)}"
    during = caller.data(f"files/{EICAR_MD5}")["attributes"]
    assert during["last_analysis_date"] == before["last_analysis_date"]
    assert during["times_submitted"] == before["times_submitted"] + 1
    clock.advance(5)
    assert caller.data(f"files/{EICAR_MD5}")["attributes"]["last_analysis_date"] == int(NOON)


def test_analysis_names_the_analysed_object(caller: Caller) -> None:
    url = caller.get(f"analyses/{scan(caller, NEW_URL)}").json()
    assert url["meta"] == {"url_info": {"id": NEW_ID, "url": NEW_URL}}
    ident = caller.post(f"files/{EICAR_MD5}/analyse").json()["data"]["id"]
    info = caller.get(f"analyses/{ident}").json()["meta"]["file_info"]
    assert (info["sha256"], info["md5"]) == (EICAR_SHA256, EICAR_MD5)


def test_analysed_item_is_the_whole_object(caller: Caller) -> None:
    assert caller.data(f"analyses/{scan(caller, NEW_URL)}/item")["id"] == NEW_ID


@pytest.mark.parametrize("path", ["domains/example.com", "ip_addresses/8.8.8.8", f"files/{EICAR_SHA256}"])
def test_known_objects_can_be_scanned_again(caller: Caller, clock: SettableClock, path: str) -> None:
    ident = caller.post(f"{path}/analyse").json()["data"]["id"]
    clock.advance(5)
    assert caller.data(f"analyses/{ident}")["attributes"]["status"] == "completed"
    assert caller.data(path)["attributes"]["last_analysis_date"] == int(NOON)


@pytest.mark.parametrize("path", ["domains/unknown.example", f"files/{'0' * 64}", f"urls/{NEW_ID}"])
def test_unknown_objects_cannot_be_scanned_again(caller: Caller, path: str) -> None:
    assert error_of(caller.post(f"{path}/analyse"))[:2] == (404, "NotFoundError")


def test_unknown_analysis_is_not_found(caller: Caller) -> None:
    assert error_of(caller.get("analyses/u-nothing-1"))[:2] == (404, "NotFoundError")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://", "gopher://a.example/", "http://a b/"])
def test_url_that_has_no_canonical_form_is_an_invalid_argument(caller: Caller, url: str) -> None:
    answer = caller.post("urls", data={"url": url})
    assert error_of(answer) == (400, "InvalidArgumentError", "Unable to canonicalize url")


def test_form_without_url_is_a_bad_request(caller: Caller) -> None:
    for answer in (caller.post("urls", data={"uri": "x"}), caller.post("urls", json={"url": NEW_URL})):
        assert error_of(answer)[:2] == (400, "BadRequestError")


def test_form_decoding_keeps_what_belongs_to_the_url(caller: Caller) -> None:
    url = "http://a.example/?x=1&y=ü+%20#top"
    info = caller.get(f"analyses/{scan(caller, url)}").json()["meta"]["url_info"]
    assert info["url"] == url
