"""Licensed data belongs to its key: in the cache, among simultaneous callers, and from the queue."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.responses import error_of
from tests.watched_clock import WatchedClock
from vt_connectors.actions.drain import DrainLimits
from vt_connectors.actions.read_through import report_key
from vt_connectors.actions.request_batch import BatchAnswers
from vt_connectors.cache import Entry
from vt_connectors.contract.documents import Options
from vt_connectors.core import Core
from vt_connectors.indicators import parse_as
from vt_connectors.sandbox import EVERY_LICENCE, SandboxConfig
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

from .conftest import MakeScenario
from .several import Played, Several, file_object, said

SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
LICENSED, FREE, OTHER = "l" * 64, "f" * 64, "o" * 64
VALUES = {"hash": SHA256, "url": "http://a.example/x", "domain": "a.example", "ip": "8.8.8.8"}
TYPES = {"files": "file", "urls": "url", "domains": "domain", "ip_addresses": "ip_address"}
DATE = "2026-01-02 03:04:05"


class VirusTotal(Played):
    """Returns more data for the licensed key, and the key of the request to all."""

    def __init__(self, key: str, *, holds: bool = False, last_analysis: int = 1_767_323_045) -> None:
        super().__init__(self._answer, holds=holds)
        self._more: dict[str, Any] = {"of": key[0], "last_analysis_date": last_analysis}
        if key == LICENSED:
            self._more["gti_assessment"] = {"verdict": {"value": "VERDICT_MALICIOUS"}}

    def _answer(self, request: HttpRequest) -> HttpResponse:
        parts = urlsplit(request.url)
        if parts.path.startswith("/vtapi/v2/"):
            return said(self._v2(parts.path, {**parse_qs(parts.query), **parse_qs((request.body or b"").decode())}))
        *_, collection, found = parts.path.split("/")
        if collection == "analyses":
            return said(self._analysis(found))
        if collection == "files":
            return said({"data": file_object(found, **self._more)})
        stats = {"malicious": 5, "undetected": 60}
        return said({"data": {"type": TYPES[collection], "id": found, "attributes": _told(stats, **self._more)}})

    def _analysis(self, found: str) -> dict[str, Any]:
        attributes = {"status": "completed", "stats": {"malicious": 5, "undetected": 60}, **self._more}
        return {"data": {"type": "analysis", "id": found, "attributes": attributes}, "meta": {}}

    def _v2(self, path: str, query: dict[str, list[str]]) -> dict[str, Any]:
        counts = {"response_code": 1, "positives": 5, "total": 65, "scan_date": DATE, **self._more}
        if path.endswith("/file/report"):
            return {**counts, "resource": SHA256, "sha256": SHA256, "scan_id": f"{SHA256}-1767323045"}
        if path.endswith("/url/report"):
            return {**counts, "resource": VALUES["url"], "url": VALUES["url"]}
        return {**counts, "country": "NL"}


def _told(stats: dict[str, int], **more: Any) -> dict[str, Any]:
    return {"last_analysis_stats": stats, **more}


def lookup(kind: str = "hash", **options: Any) -> dict[str, Any]:
    return {"action": f"lookup_{kind}", "params": {kind: VALUES[kind]}, "options": {"include": ["raw"], **options}}


def reported(answer: Mapping[str, Any]) -> tuple[str, str, bool]:
    """The source, the key, and whether it has licensed data."""
    assert answer["error"] is None, answer["error"]
    raw = answer["data"]["raw"]
    attributes = raw.get("attributes", raw)
    assert "gti_assessment" not in {**answer["data"], "raw": None}
    return answer["meta"]["source"], attributes["of"], "gti_assessment" in attributes


@pytest.mark.parametrize("version", ["3", "2"])
@pytest.mark.parametrize("kind", list(VALUES))
@pytest.mark.parametrize("first", [LICENSED, FREE], ids=["licensed", "free"])
def test_each_key_has_its_own_and_is_asked_for_once(several: Several, kind: str, version: str, first: str) -> None:
    keys = [first, FREE if first == LICENSED else LICENSED, OTHER]
    played = {key: VirusTotal(key) for key in keys}
    for source in ("api", "cache", "cache"):
        for key in keys:
            core = several.core(played[key], key, VT_API_VERSION=version)
            assert reported(core.answer(lookup(kind))) == (source, key[0], key == LICENSED)
    assert [len(virustotal.asked) for virustotal in played.values()] == [1, 1, 1]


@pytest.mark.parametrize("mode", ["default", "only"])
def test_what_is_common_is_shared(several: Several, mode: str) -> None:
    virustotal = VirusTotal(LICENSED)
    asked = several.core(virustotal, LICENSED).answer(lookup(include=["raw", "engines"]))
    for include in ([], ["engines"]):
        found = several.core(virustotal, FREE).answer(lookup(include=include, cache=mode))
        assert found["meta"]["source"] == "cache"
        common = {name for name in asked["data"] if name in include or name not in ("raw", "engines", "gti")}
        assert found["data"] == {name: asked["data"][name] for name in common}
    skipped = several.core(virustotal, FREE).answer(lookup(cache="only"))
    assert skipped["data"]["reason"] == "not_cached"
    assert len(virustotal.asked) == 1


def test_the_store_has_no_key_and_what_is_shared_nothing_licensed(several: Several) -> None:
    core = several.core(VirusTotal(LICENSED), LICENSED)
    core.answer(lookup())
    cache = several.core(VirusTotal(FREE), FREE).context.cache
    found = cache.find_many([key for key, _, _ in cache.keys(9)], lambda entry: True)
    shared = report_key(core.context, parse_as("hash", SHA256))
    assert {key: "gti_assessment" in repr(entry) for key, entry in found.items()} == {
        shared: False,
        f"key-{core.context.owner(None)}:{shared}": True,
    }
    assert LICENSED not in repr(found)


def test_what_an_earlier_version_kept_for_all_is_not_given(several: Several) -> None:
    core = several.core(VirusTotal(LICENSED), LICENSED)
    core.answer(lookup())
    shared = report_key(core.context, parse_as("hash", SHA256))
    entry = core.context.cache.find(shared, lambda entry: True)
    assert entry is not None
    of_old = Entry("ok", {**entry.report, "raw": {"attributes": {"of": "l", "gti_assessment": {}}}}, entry.fetched_at)
    core.context.cache.put(shared, of_old)
    free = several.core(VirusTotal(FREE), FREE)
    assert free.look_up_at_hand("hash", [SHA256], Options(include=frozenset(("raw",)))) == {}
    assert reported(free.answer(lookup())) == ("api", "f", False)


def test_many_at_hand_are_each_keys_own(several: Several) -> None:
    options = Options(include=frozenset(("raw",)))
    several.core(VirusTotal(LICENSED), LICENSED).answer(lookup())
    licensed, free = several.core(VirusTotal(LICENSED), LICENSED), several.core(VirusTotal(FREE), FREE)
    assert free.look_up_at_hand("hash", [SHA256], options) == {}
    assert reported(licensed.look_up_at_hand("hash", [SHA256], options)[SHA256]) == ("cache", "l", True)
    free.answer(lookup())
    for core, expected in ((licensed, ("cache", "l", True)), (free, ("cache", "f", False))):
        assert reported(core.look_up_at_hand("hash", [SHA256], options)[SHA256]) == expected
    assert set(free.look_up_at_hand("hash", [SHA256], Options())) == {SHA256}


def test_callers_without_a_key_get_common_and_no_licensed_data(several: Several) -> None:
    several.core(VirusTotal(LICENSED), LICENSED).answer(lookup())
    keyless = several.core(VirusTotal(FREE), "")
    assert keyless.answer(lookup(include=[]))["meta"]["source"] == "cache"
    assert error_of(keyless.answer(lookup()))["code"] == "config_error"
    assert keyless.answer(lookup(cache="only"))["data"]["reason"] == "not_cached"


def test_an_answer_of_a_newer_analysis_makes_all_older_ones_outdated(several: Several) -> None:
    old, new = VirusTotal(LICENSED), VirusTotal(LICENSED, last_analysis=1_767_400_000)
    assert reported(several.core(old, LICENSED).answer(lookup())) == ("api", "l", True)
    several.core(VirusTotal(FREE, last_analysis=1_767_400_000), FREE).answer(lookup())
    options = Options(include=frozenset(("raw",)))
    assert several.core(new, LICENSED).look_up_at_hand("hash", [SHA256], options) == {}
    for source in ("api", "cache"):
        assert reported(several.core(new, LICENSED).answer(lookup())) == (source, "l", True)


def test_what_makes_the_answer_outdated_makes_every_keys_own_so(several: Several) -> None:
    virustotal = VirusTotal(LICENSED)
    several.core(virustotal, LICENSED).answer(lookup())
    writer = several.core(virustotal, OTHER)
    writer.context.cache.forget(report_key(writer.context, parse_as("hash", SHA256)))
    assert reported(several.core(virustotal, LICENSED).answer(lookup())) == ("api", "l", True)


@pytest.mark.parametrize("mode", ["default", "off"])
@pytest.mark.parametrize("leader", [LICENSED, FREE], ids=["licensed", "free"])
def test_simultaneous_callers_get_their_own_answers(several: Several, leader: str, mode: str) -> None:
    follower = FREE if leader == LICENSED else LICENSED
    slow, quick = VirusTotal(leader, holds=True), VirusTotal(follower)
    clock = WatchedClock()
    one = several.core(slow, leader, clock=clock)
    together = [one, one if mode == "off" else several.core(slow, leader, clock=clock)]
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(together[0].answer, lookup(cache=mode))
        assert slow.is_asked.wait(60)
        same = pool.submit(together[1].answer, lookup(cache=mode))
        others = pool.submit(several.core(quick, follower, clock=clock).answer, lookup(cache=mode))
        # With `off` other processes do not hear of it.
        clock.until_waiting(threads=1 if mode == "off" else 2)
        slow.go_on.set()
        assert reported(first.result()) == ("api", leader[0], leader == LICENSED)
        assert reported(same.result())[1:] == (leader[0], leader == LICENSED)
        assert reported(others.result()) == ("api", follower[0], follower == LICENSED)
    assert (len(slow.asked), len(quick.asked)) == (1, 1)


def with_key(key: str, **options: Any) -> dict[str, Any]:
    return {**lookup(**options), "auth": {"api_key": key}}


def told_by_key(core: Core, key: str, mode: str) -> tuple[str, bool]:
    return reported(core.answer(with_key(key, cache=mode)))[1:]


@pytest.mark.parametrize("mode", ["default", "off", "refresh"])
@pytest.mark.parametrize("leader", [LICENSED, FREE], ids=["licensed", "free"])
def test_simultaneous_callers_of_one_process_get_their_own_answers(several: Several, leader: str, mode: str) -> None:
    follower = FREE if leader == LICENSED else LICENSED
    played = {leader: VirusTotal(leader, holds=True), follower: VirusTotal(follower)}
    clock = WatchedClock()
    core = several.core(lambda key: played[key.reveal()], OTHER, clock=clock)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(core.answer, with_key(leader, cache=mode))
        assert played[leader].is_asked.wait(60)
        rest = {key: pool.submit(core.answer, with_key(key, cache=mode)) for key in (leader, follower)}
        clock.until_waiting(threads=len(rest))
        played[leader].go_on.set()
        assert reported(first.result()) == ("api", leader[0], leader == LICENSED)
        for key, future in rest.items():
            assert reported(future.result())[1:] == (key[0], key == LICENSED)
    # With `off` nothing is cached, so a caller may send again after the other key's request has begun.
    assert len(played[leader].asked) <= (2 if mode == "off" else 1)
    assert len(played[follower].asked) == 1


@pytest.mark.parametrize("mode", ["default", "off", "refresh"])
def test_keys_of_one_process_and_of_one_batch_get_their_own(several: Several, mode: str) -> None:
    core = several.core(lambda key: VirusTotal(key.reveal()), OTHER).within(BatchAnswers())
    for key in (LICENSED, FREE, LICENSED, FREE):
        assert told_by_key(core, key, mode) == (key[0], key == LICENSED)


def test_what_the_queue_brings_belongs_to_the_key_that_asked(several: Several) -> None:
    waiting = several.core(VirusTotal(FREE), FREE)
    assert waiting.context.pending.put(f"hash:{SHA256}", ["raw"])
    waiting.end_batch()
    draining = several.core(VirusTotal(LICENSED), LICENSED)
    assert draining.drain(DrainLimits(0, 5.0)).answered == 1
    assert reported(draining.answer(lookup())) == ("cache", "l", True)
    assert reported(several.core(VirusTotal(FREE), FREE).answer(lookup())) == ("api", "f", False)


def test_a_finished_analysis_is_each_keys_own(several: Several) -> None:
    document = {"action": "get_analysis", "params": {"analysis_id": "1571524923"}, "options": {"include": ["raw"]}}
    for source in ("api", "cache"):
        for key in (LICENSED, FREE):
            core = several.core(VirusTotal(key), key)
            assert reported(core.answer(document)) == (source, key[0], key == LICENSED)


@pytest.mark.parametrize("first", [(), ("raw",)], ids=["without raw first", "with raw first"])
def test_a_licensed_answer_with_raw_is_stored_once_under_its_keys_hash(
    make_scenario: MakeScenario, first: tuple[str, ...]
) -> None:
    premium = make_scenario("3", config=SandboxConfig(licences=EVERY_LICENCE))
    asked = {"indicator": "malicious.example", "relationship": "urls", "limit": 2}
    for include in (first, ("raw",), ()):
        premium("relationships", {"include": list(include)}, **asked)
    cache = premium.core.context.cache
    keys = [key for key, _, _ in cache.keys(100) if "relationships" in key or "related" in key]
    assert len(keys) == 1
    assert keys[0].count("key-") == 1
    found = premium("relationships", {"include": ["raw"]}, **asked)
    assert (found["meta"]["source"], len(found["data"]["raw"]["data"])) == ("cache", 2)
    assert "raw" not in premium("relationships", {}, **asked)["data"]
