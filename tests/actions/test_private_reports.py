"""Private reports belong to the key that made the scan: in every store, next to public reports, until they expire."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.fake_clock import FakeClock
from tests.responses import error_of
from vt_connectors.actions.request_batch import BatchAnswers
from vt_connectors.api_key import ApiKey
from vt_connectors.sandbox import Licence, SandboxConfig
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

from .conftest import MakeScenario, Scenario
from .several import Played, Several, file_object, refused, said, several_of

CONTENT = b"invoice_2291.pdf.exe"
SHA256, MD5 = hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest()
FILE = {"content_base64": base64.b64encode(CONTENT).decode()}
URL = "http://malicious.example/payload.bin"
URL_ID = hashlib.sha256(URL.encode()).hexdigest()
OWNER, OTHER = "o" * 64, "x" * 64
DAY_S = 86_400
LOOKUPS = {"lookup_private_file": {"hash": SHA256}, "lookup_private_url": {"url": URL}}
ANALYSIS = base64.b64encode(f"{MD5}:None:1700000000".encode()).decode()


class VirusTotal(Played):
    """Has private reports for one key only."""

    def __init__(self, key: str, expiration: int, *, holds: bool = False) -> None:
        super().__init__(self._answer, holds=holds)
        self._has_any = key[0] == OWNER[0]
        self._expiration = expiration

    def _answer(self, request: HttpRequest) -> HttpResponse:
        path = urlsplit(request.url).path
        if "/private/" not in path:
            return said({"data": file_object(SHA256, 0)})
        if not self._has_any:
            return refused(404, "NotFoundError")
        if path.endswith(ANALYSIS):
            info = {"file_info": {"sha256": SHA256, "md5": MD5}}
            status = {"status": "completed"}
            return said({"data": {"type": "private_analysis", "id": ANALYSIS, "attributes": status}, "meta": info})
        about: dict[str, Any] = {"type": "private_file", "id": SHA256}
        if "/urls/" in path:
            about = {"type": "private_url", "id": URL_ID}
        told = {"threat_verdict": "VERDICT_MALICIOUS", "expiration": self._expiration, "names": ["plans.docx"]}
        return said({"data": {**about, "attributes": told}})


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory", "file", "redis", "kvstore"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Several:
    """Processes that share state, for each kind of state; with `memory`, it is one process."""
    if request.param == "memory":
        return Several("memory")
    return several_of(request.param, tmp_path, request.getfixturevalue)


class Two:
    """Two keys with the same state: in one process with it in memory, else each in a process of its own."""

    def __init__(self, stored: Several, clock: FakeClock, is_one: bool) -> None:
        def virustotal(key: Any) -> VirusTotal:
            made = VirusTotal(key.reveal(), int(clock.now()) + DAY_S)
            self.asked.append(made)
            return made

        self.asked: list[VirusTotal] = []
        owner = stored.core(virustotal, OWNER, clock)
        self._cores = {OWNER: owner, OTHER: owner if is_one else stored.core(virustotal, OTHER, clock)}

    def __call__(self, key: str, action: str, params: Mapping[str, Any], **options: Any) -> Mapping[str, Any]:
        request = {"action": action, "params": params, "options": options, "auth": {"api_key": key}}
        return self._cores[key].answer(request)

    def close(self) -> None:
        for core in set(self._cores.values()):
            core.close()


@pytest.fixture
def two(stored: Several, clock: FakeClock, request: pytest.FixtureRequest) -> Iterator[Two]:
    made = Two(stored, clock, is_one=request.node.callspec.params["stored"] == "memory")
    yield made
    made.close()


@pytest.mark.parametrize("action", LOOKUPS)
def test_no_other_key_is_answered_with_a_private_report(two: Two, action: str) -> None:
    params, raw = LOOKUPS[action], {"include": ["raw"]}
    for options in ({}, raw):
        assert two(OWNER, action, params, **options)["data"]["verdict"] == "malicious"
        assert two(OWNER, action, params, **options)["meta"]["source"] == "cache"
    for cache, status in (
        ("only", "skipped"),
        ("default", "not_found"),
        ("refresh", "not_found"),
        ("off", "not_found"),
    ):
        response = two(OTHER, action, params, cache=cache, **raw)
        assert response["status"] == status
        assert "plans.docx" not in str(response)
    # The other's answer does not take the place of the owner's.
    assert two(OWNER, action, params, cache="only", **raw)["data"]["names" if "hash" in params else "verdict"]


def test_no_other_key_is_answered_with_a_private_analysis(two: Two) -> None:
    params = {"analysis_id": ANALYSIS, "private": True}
    assert two(OWNER, "get_analysis", params)["data"]["verdict"] == "malicious"
    assert two(OWNER, "get_analysis", params)["meta"]["requests"] == 0
    assert two(OTHER, "get_analysis", params, cache="only")["status"] == "skipped"
    response = two(OTHER, "get_analysis", params)
    assert (response["status"], response["data"]["reason"]) == ("not_found", "no_private_analysis")


def test_public_and_private_reports_of_a_file_do_not_touch_each_other(two: Two) -> None:
    public, private = {"hash": SHA256}, LOOKUPS["lookup_private_file"]
    assert two(OWNER, "lookup_hash", public)["data"]["verdict"] == "undetected"
    assert two(OWNER, "lookup_private_file", private)["data"]["verdict"] == "malicious"
    for key in (OWNER, OTHER):
        response = two(key, "lookup_hash", public, cache="only")
        assert response["data"]["verdict"] == "undetected"
        assert "plans.docx" not in str(response)
    assert two(OWNER, "lookup_private_file", private, cache="only")["data"]["verdict"] == "malicious"


def test_the_list_of_cached_answers_does_not_show_what_was_scanned_privately(two: Two) -> None:
    for action, params in LOOKUPS.items():
        two(OWNER, action, params)
    cache = two._cores[OTHER].cache
    shown = str([cache.newest(100), cache.listed(100)])
    assert URL not in shown
    assert SHA256 not in shown


def test_a_report_is_not_used_after_its_expiry_and_the_answer_says_so(two: Two, clock: FakeClock) -> None:
    params = LOOKUPS["lookup_private_file"]
    week = {"max_age_s": 7 * DAY_S}
    assert two(OWNER, "lookup_private_file", params, **week)["status"] == "ok"
    clock.advance(DAY_S - 10)
    assert two(OWNER, "lookup_private_file", params, **week)["meta"]["source"] == "cache"
    clock.advance(11)
    # The fake still has it; a report past its expiry is none, wherever it comes from.
    response = two(OWNER, "lookup_private_file", params, **week)
    assert (response["status"], response["data"]["reason"]) == ("not_found", "expired")
    assert two(OWNER, "lookup_private_file", params, cache="only", **week)["status"] != "ok"


def test_callers_with_other_keys_at_the_same_moment_get_their_own_answers(clock: FakeClock) -> None:
    players: dict[str, VirusTotal] = {}

    def virustotal(key: Any) -> VirusTotal:
        return players.setdefault(key.reveal(), VirusTotal(key.reveal(), int(clock.now()) + DAY_S, holds=True))

    core = Several("memory").core(virustotal, OWNER, clock)
    for key in (OWNER, OTHER):
        core.context.account(ApiKey(key))

    def ask(key: str) -> str:
        request = {"action": "lookup_private_file", "params": {"hash": SHA256}, "auth": {"api_key": key}}
        return str(core.within(BatchAnswers()).answer(request)["status"])

    with ThreadPoolExecutor(2) as pool:
        statuses = [pool.submit(ask, key) for key in (OWNER, OTHER)]
        for player in players.values():
            assert player.is_asked.wait(60)
            player.go_on.set()
        assert [status.result() for status in statuses] == ["ok", "not_found"]
    core.close()


@pytest.fixture
def private(make_scenario: MakeScenario) -> Scenario:
    return make_scenario("3", config=SandboxConfig(licences=frozenset({Licence.PRIVATE})))


def test_a_new_private_scan_outdates_the_cached_report_and_the_cached_not_found(private: Scenario) -> None:
    assert private("lookup_private_file", hash=SHA256)["data"]["reason"] == "no_private_report"
    private("scan_file", **FILE, private=True, wait_s=300)
    first = private("lookup_private_file", hash=SHA256)["data"]
    private.clock.advance(3600)
    assert private("lookup_private_file", hash=SHA256)["meta"]["source"] == "cache"
    pending = private("scan_file", **FILE, private=True)
    # While it is scanned there is no verdict, which is not cached for long.
    assert private("lookup_private_file", hash=SHA256)["data"]["verdict"] == "unknown"
    private.clock.advance(700)
    again = private("lookup_private_file", hash=SHA256)["data"]
    assert (again["verdict"], again["last_analysis"] > first["last_analysis"]) == ("malicious", True)
    assert private("get_analysis", analysis_id=pending["data"]["analysis_id"], private=True)["status"] == "ok"


def test_a_private_scan_leaves_the_public_answers_and_a_public_scan_the_private_ones(private: Scenario) -> None:
    private("lookup_hash", hash=SHA256)
    private("scan_file", **FILE, private=True, wait_s=300)
    assert private("lookup_hash", hash=SHA256)["meta"]["source"] == "cache"
    private("scan_file", **FILE)
    assert private("lookup_private_file", hash=SHA256)["meta"]["source"] == "cache"
    assert private("lookup_hash", hash=SHA256)["meta"]["source"] == "api"


def test_private_and_public_scans_of_a_file_and_scans_with_other_options_are_different_writes(
    private: Scenario,
) -> None:
    batch = private.core.within(BatchAnswers())
    variants: list[dict[str, Any]] = [
        {"private": True},
        {},
        {"private": True, "password": "infected"},
        {"private": True, "region": "EU"},
        {"password": "infected"},
    ]
    for more in (*variants, *variants):
        assert batch.answer({"action": "scan_file", "params": {**FILE, **more}})["status"] == "pending"
    assert [call for call in private.calls if call.startswith("POST")] == [
        f"POST /api/v3/{'private/' if 'private' in more else ''}files" for more in variants
    ]


def test_an_expired_analysis_and_report_are_not_found(private: Scenario) -> None:
    pending = private("scan_url", url=URL, private=True, wait_s=300)
    private.clock.advance(2 * DAY_S)
    analysis = {"analysis_id": pending["data"]["analysis_id"], "private": True}
    assert private("get_analysis", {"cache": "refresh"}, **analysis)["status"] == "not_found"
    assert private("lookup_private_url", url=URL)["data"]["reason"] == "expired"
    assert private("lookup_private_url", url=URL)["data"]["reason"] == "no_private_report"


def test_another_files_report_is_refused_and_not_cached(clock: FakeClock) -> None:
    told = {"data": {"type": "private_file", "id": "0" * 64, "attributes": {"threat_verdict": "VERDICT_UNDETECTED"}}}
    core = Several("memory").core(Played(lambda _: said(told)), OWNER, clock)
    request = {"action": "lookup_private_file", "params": {"hash": SHA256}}
    assert error_of(core.answer(request))["code"] == "invalid_response"
    assert core.answer({**request, "options": {"cache": "only"}})["status"] == "skipped"
    core.close()
