"""The hashes of a file are one entry of the cache, and a scan outdates all that was known before it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from vt_connectors.actions.cache_listing import newest
from vt_connectors.contract.documents import Options
from vt_connectors.core import Core
from vt_connectors.sandbox import SandboxConfig
from vt_connectors.virustotal.http.transport import HttpRequest

from .conftest import MakeScenario, Scenario
from .several import Played, Several, file_object, said

CONTENT = b"a file that is made up for these tests"
HASHES = {name: hashlib.new(name, CONTENT, usedforsecurity=False).hexdigest() for name in ("md5", "sha1", "sha256")}
NAMES = tuple(HASHES)
EICAR = {
    "md5": "44d88612fea8a8f36de82e1278abb02f",
    "sha1": "3395856ce81f2b7382dee72602f798b642f14140",
    "sha256": "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
}
URL, SPELT_OTHERWISE = "http://malicious.example/a:b?c", "HTTP://MALICIOUS.example/a:b?c"


def virustotal(**more: Any) -> Played:
    """Knows the one file, by each of its hashes."""
    attributes = {**HASHES, "last_analysis_date": 1_600_000_000, **more}
    return Played(lambda request: said({"data": {**file_object(HASHES["sha256"]), "attributes": attributes}}))


def look_up(core: Core, value: str, **options: Any) -> Mapping[str, Any]:
    return core.answer({"action": "lookup_hash", "params": {"hash": value}, "options": options})


@pytest.mark.parametrize("asked", NAMES)
def test_a_file_that_was_asked_for_by_one_hash_is_known_by_all_to_all_processes(several: Several, asked: str) -> None:
    played = virustotal()
    look_up(several.core(played), HASHES[asked])
    for name in NAMES:
        answer = look_up(several.core(played), HASHES[name].upper())
        assert (answer["meta"]["source"], answer["meta"]["requests"]) == ("cache", 0)
        assert answer["data"]["indicator"] == HASHES[name]
        assert answer["data"]["hashes"] == HASHES
    at_hand = several.core(played).look_up_at_hand("hash", HASHES.values(), Options())
    assert [answer["data"]["indicator"] for answer in at_hand.values()] == list(HASHES.values())
    assert len(played.asked) == 1


def test_what_belongs_to_the_key_is_known_by_all_hashes_too(several: Several) -> None:
    played = virustotal()
    for name in NAMES:
        answer = look_up(several.core(played), HASHES[name], include=["raw", "engines"])
        assert answer["data"]["raw"]["id"] == HASHES["sha256"]
    assert len(played.asked) == 1


def test_it_is_one_entry_that_is_listed_by_the_hash_that_was_asked_for(several: Several) -> None:
    core = several.core(virustotal())
    look_up(core, HASHES["sha1"])
    assert [kept.indicator for kept in newest(core.context, 9)] == [HASHES["sha1"]]
    assert core.context.cache.stats()["entries"] == 1
    assert core.context.cache.clear() == 1
    assert look_up(core, HASHES["md5"])["meta"]["source"] == "api"


def test_that_it_was_unknown_by_one_hash_is_over_when_it_is_known_by_another(several: Several) -> None:
    unknown = Played(lambda request: said({"error": {"code": "NotFoundError", "message": "no"}}, 404))
    assert look_up(several.core(unknown), HASHES["md5"])["status"] == "not_found"
    look_up(several.core(virustotal()), HASHES["sha256"])
    assert look_up(several.core(unknown), HASHES["md5"])["status"] == "ok"


def test_hashes_of_another_file_in_a_report_are_not_believed(several: Several) -> None:
    """A v3 report has the requested hash."""
    other = {**HASHES, "md5": "not a hash", "sha1": 5, "sha256": HASHES["sha256"]}
    core = several.core(virustotal(**other))
    assert look_up(core, HASHES["sha256"])["status"] == "ok"
    assert [kept.indicator for kept in newest(core.context, 9)] == [HASHES["sha256"]]


@pytest.mark.parametrize("mode", ["refresh", "off"])
def test_a_batch_with_refresh_requests_one_file_once(several: Several, mode: str) -> None:
    from vt_connectors.actions.request_batch import BatchAnswers

    played = virustotal()
    core = several.core(played).within(BatchAnswers())
    answers = [look_up(core, HASHES[name], cache=mode) for name in NAMES]
    assert [answer["meta"]["source"] for answer in answers] == ["api", "shared", "shared"]
    assert [answer["data"]["indicator"] for answer in answers] == list(HASHES.values())
    assert len(played.asked) == 1


# Scans


def scenario_that_scans(make_scenario: MakeScenario, version: str) -> Scenario:
    return make_scenario(version, config=SandboxConfig(private_keys=True, queued_s=20, completed_s=60))


@pytest.mark.parametrize("by", NAMES)
@pytest.mark.parametrize("scan", NAMES)
def test_after_a_rescan_no_hash_of_the_file_has_the_old_report(
    make_scenario: MakeScenario, version: str, by: str, scan: str
) -> None:
    scenario = scenario_that_scans(make_scenario, version)
    before = scenario("lookup_hash", {}, hash=EICAR[by])["data"]["last_analysis"]
    started = scenario("rescan_file", {}, hash=EICAR[scan])
    scenario.clock.advance(90)
    scanned = scenario("get_analysis", {}, analysis_id=started["data"]["analysis_id"])["data"]["last_analysis"]
    assert scanned > before
    for name in NAMES:
        assert scenario("lookup_hash", {}, hash=EICAR[name])["data"]["last_analysis"] >= scanned


def test_a_report_from_during_a_scan_is_not_kept_for_long(make_scenario: MakeScenario, version: str) -> None:
    """The analysis is not requested here."""
    scenario = scenario_that_scans(make_scenario, version)
    scenario("lookup_hash", {}, hash=EICAR["md5"])
    scenario("rescan_file", {}, hash=EICAR["sha1"])
    during = scenario("lookup_hash", {}, hash=EICAR["sha256"])
    assert during["meta"]["source"] == "api"
    assert scenario("lookup_hash", {}, hash=EICAR["md5"])["meta"]["source"] == "cache"
    scenario.clock.advance(700)
    after = scenario("lookup_hash", {}, hash=EICAR["md5"])
    assert after["meta"]["source"] == "api"
    assert after["data"]["last_analysis"] > during["data"]["last_analysis"]
    scenario.clock.advance(3600)
    assert scenario("lookup_hash", {}, hash=EICAR["sha1"])["meta"]["source"] == "cache"


def test_a_url_that_is_scanned_has_no_old_report_in_any_spelling(make_scenario: MakeScenario, version: str) -> None:
    scenario = scenario_that_scans(make_scenario, version)
    before = scenario("lookup_url", {}, url=SPELT_OTHERWISE)["data"]["last_analysis"]
    started = scenario("scan_url", {}, url=URL)
    scenario.clock.advance(90)
    scanned = scenario("get_analysis", {}, analysis_id=started["data"]["analysis_id"])["data"]["last_analysis"]
    after = scenario("lookup_url", {}, url=SPELT_OTHERWISE)["data"]["last_analysis"]
    assert after >= scanned > before


WRITTEN, GIVEN = "http://example.com/~a", "http://example.com/%7Ea"


def url_virustotal(scanned: list[bool]) -> Played:
    """Knows one URL, in its own spelling."""
    url_id = hashlib.sha256(WRITTEN.encode()).hexdigest()

    def say(request: HttpRequest) -> Any:
        stats = {"malicious": 1, "undetected": 9}
        date = 1_800_000_000 if scanned else 1_600_000_000
        attributes = {"url": WRITTEN, "last_analysis_stats": stats, "last_analysis_date": date}
        if request.method == "POST":
            scanned.append(True)
            return said({"data": {"type": "analysis", "id": f"u-{url_id}-1800000000"}})
        if "/analyses/" in request.url:
            attributes = {"status": "completed", "stats": stats, "date": date}
            meta = {"url_info": {"id": url_id, "url": WRITTEN}}
            return said(
                {"data": {"type": "analysis", "id": f"u-{url_id}-1800000000", "attributes": attributes}, "meta": meta}
            )
        return said({"data": {"type": "url", "id": url_id, "attributes": attributes}})

    return Played(say)


def ask(core: Core, action: str, **params: Any) -> Mapping[str, Any]:
    return core.answer({"action": action, "params": params})


def test_a_url_is_known_as_virustotal_writes_it_too(several: Several) -> None:
    played = url_virustotal([])
    answers = [ask(several.core(played), "lookup_url", url=url) for url in (GIVEN, GIVEN, WRITTEN)]
    assert [answer["meta"]["source"] for answer in answers] == ["api", "cache", "cache"]
    assert [answer["data"]["indicator"] for answer in answers] == [GIVEN, GIVEN, WRITTEN]


@pytest.mark.parametrize("scan", [WRITTEN, GIVEN])
@pytest.mark.parametrize("asks_for_the_analysis", [True, False])
def test_a_scan_of_a_url_outdates_every_spelling(several: Several, scan: str, asks_for_the_analysis: bool) -> None:
    core = several.core(url_virustotal([]))
    before = [ask(core, "lookup_url", url=url)["data"]["last_analysis"] for url in (GIVEN, WRITTEN)]
    started = ask(core, "scan_url", url=scan)
    if asks_for_the_analysis:
        assert ask(core, "get_analysis", analysis_id=started["data"]["analysis_id"])["status"] == "ok"
    after = [ask(core, "lookup_url", url=url)["data"]["last_analysis"] for url in (GIVEN, WRITTEN)]
    assert all(new > old for new, old in zip(after, before))
