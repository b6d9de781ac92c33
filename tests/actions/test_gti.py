"""Google Threat Intelligence's assessments: whose they are, what they decide, and when a key counts as licensed."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.actions.request_batch import BatchAnswers
from vt_connectors.api_key import ApiKey
from vt_connectors.contract.documents import Options
from vt_connectors.core import Core
from vt_connectors.errors import ConfigError
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

from .several import Played, Several, file_object, said

SCORED, UNSCORED, OTHER = "a" * 64, "b" * 64, "c" * 64
LICENSED, FREE = "l" * 64, "f" * 64
ASSESSMENT = {"verdict": {"value": "VERDICT_MALICIOUS"}, "severity": {"value": "SEVERITY_LOW"}}
DAY = 86400.0


class VirusTotal(Played):
    """Gives assessments while the key is licensed, except of `UNSCORED`. One engine in 61 objects to anything."""

    def __init__(self, *, licensed: bool, holds: bool = False) -> None:
        super().__init__(self._answer, holds=holds)
        self.licensed = licensed

    def _answer(self, request: HttpRequest) -> HttpResponse:
        sha256 = request.url.rpartition("/")[2]
        more = {"gti_assessment": {**ASSESSMENT, "threat_score": {"value": 30}}} if self.licensed else {}
        results = {"Alder": {"category": "malicious", "result": "x"}}
        more = {} if sha256 == UNSCORED else more
        return said({"data": file_object(sha256, 1, last_analysis_results=results, **more)})


def lookup(core: Core, sha256: str = SCORED, **options: Any) -> Mapping[str, Any]:
    return core.answer({"action": "lookup_hash", "params": {"hash": sha256}, "options": options})


def told(response: Mapping[str, Any]) -> tuple[str, str, str, str | None]:
    """Source, verdict, what decided it, and GTI's verdict."""
    assert response["error"] is None, response["error"]
    data = response["data"]
    return response["meta"]["source"], data["verdict"], data["verdict_by"], data.get("gti", {}).get("verdict")


def test_an_assessment_is_in_the_answer_and_in_its_summary(several: Several) -> None:
    core = several.core(VirusTotal(licensed=True), LICENSED)
    response = lookup(core)
    assert response["data"]["gti"] == {"verdict": "malicious", "severity": "low", "score": 30}
    assert response["summary"] == (
        "suspicious: 1 of 61 engines; Google Threat Intelligence: malicious, severity low, score 30"
    )
    decided = lookup(core, verdict_by="gti")
    assert decided["summary"] == ("malicious by Google Threat Intelligence (severity low, score 30); 1 of 61 engines")


def test_one_cached_answer_is_judged_by_each_callers_choice(several: Several) -> None:
    played = VirusTotal(licensed=True)
    assert told(lookup(several.core(played, LICENSED))) == ("api", "suspicious", "engines", "malicious")
    cases = {"engines": ("suspicious", "engines"), "gti": ("malicious", "gti"), "worst": ("malicious", "gti")}
    for verdict_by, decided in cases.items():
        core = several.core(played, LICENSED)
        assert told(lookup(core, verdict_by=verdict_by)) == ("cache", *decided, "malicious")
        by_setting = several.core(played, LICENSED, VT_VERDICT_BY=verdict_by)
        assert told(lookup(by_setting)) == ("cache", *decided, "malicious")
    assert len(played.asked) == 1


def test_without_an_assessment_the_engines_decide_and_the_answer_says_so(several: Several) -> None:
    for key, played in ((LICENSED, VirusTotal(licensed=True)), (FREE, VirusTotal(licensed=False))):
        for source in ("api", "cache"):
            core = several.core(played, key, VT_VERDICT_BY="gti")
            assert told(lookup(core, UNSCORED)) == (source, "suspicious", "engines", None)


def test_no_other_key_gets_an_assessment(several: Several) -> None:
    licensed, free = VirusTotal(licensed=True), VirusTotal(licensed=False)
    assert told(lookup(several.core(licensed, LICENSED)))[3] == "malicious"
    core = several.core(free, FREE)
    for options in ({}, {"verdict_by": "gti", "cache": "only"}, {"cache": "only"}):
        response = lookup(core, **options)
        assert told(response) == ("cache", "suspicious", "engines", None)
        assert "gti" not in response["data"]
        assert "Google" not in response["summary"]
    found = core.look_up_at_hand("hash", [SCORED], Options())[SCORED]
    assert "gti" not in (found["data"] or {})
    assert told(lookup(core, verdict_by="gti")) == ("api", "suspicious", "engines", None)
    assert free.asked
    assert licensed.asked[1:] == []


def test_a_licensed_key_is_not_answered_with_an_entry_that_lacks_it(several: Several) -> None:
    free, licensed = VirusTotal(licensed=False), VirusTotal(licensed=True)
    for sha256 in (SCORED, UNSCORED):
        lookup(several.core(free, FREE), sha256)
    lookup(several.core(licensed, LICENSED), OTHER)
    # Another process with this key knows it from the shared state.
    core = several.core(licensed, LICENSED)
    assert core.look_up_at_hand("hash", [SCORED, UNSCORED], Options()) == {}
    assert lookup(core, cache="only")["data"]["reason"] == "not_cached"
    assert told(lookup(core)) == ("api", "suspicious", "engines", "malicious")
    assert told(lookup(core, UNSCORED)) == ("api", "suspicious", "engines", None)
    again = several.core(licensed, LICENSED)
    assert told(lookup(again)) == ("cache", "suspicious", "engines", "malicious")
    assert told(lookup(again, UNSCORED)) == ("cache", "suspicious", "engines", None)
    assert len(again.look_up_at_hand("hash", [SCORED, UNSCORED], Options())) == 2
    assert len(licensed.asked) == 3


def test_who_judges_by_gti_asks_for_it_before_the_key_is_known_to_be_licensed(several: Several) -> None:
    lookup(several.core(VirusTotal(licensed=False), FREE))
    core = several.core(VirusTotal(licensed=True), LICENSED)
    assert told(lookup(core, verdict_by="worst")) == ("api", "malicious", "gti", "malicious")


@pytest.mark.parametrize("several", ["file"], indirect=True)
def test_a_licence_that_ends_is_forgotten_after_a_week(several: Several) -> None:
    clock = FakeClock()
    played, other = VirusTotal(licensed=True), VirusTotal(licensed=False)
    core = several.core(played, LICENSED, clock, VT_CACHE_TTL="30d")
    lookup(core)
    played.licensed = False
    clock.advance(6 * DAY)
    lookup(several.core(other, FREE, clock), OTHER)
    assert told(lookup(core, OTHER)) == ("api", "suspicious", "engines", None), "it may still be licensed"
    clock.advance(2 * DAY)
    lookup(several.core(other, FREE, clock), UNSCORED)
    assert told(lookup(core, UNSCORED)) == ("cache", "suspicious", "engines", None), "as for every other key"
    assert told(lookup(core)) == ("cache", "suspicious", "engines", None), "what it got is its own no longer"


@pytest.mark.parametrize("several", ["file"], indirect=True)
def test_a_licence_in_use_is_not_forgotten(several: Several) -> None:
    clock = FakeClock()
    played, other = VirusTotal(licensed=True), VirusTotal(licensed=False)
    for number in range(5):
        lookup(several.core(played, LICENSED, clock), f"{number:064x}")
        clock.advance(6 * DAY)
    lookup(several.core(other, FREE, clock))
    assert told(lookup(several.core(played, LICENSED, clock))) == ("api", "suspicious", "engines", "malicious")


def test_with_cache_off_nothing_is_stored(several: Several) -> None:
    played, free = VirusTotal(licensed=True), VirusTotal(licensed=False)
    assert told(lookup(several.core(played, LICENSED), cache="off"))[3] == "malicious"
    lookup(several.core(free, FREE))
    assert told(lookup(several.core(played, LICENSED))) == ("cache", "suspicious", "engines", None)


def test_equal_requests_of_a_batch_share_by_key(several: Several) -> None:
    licensed, free = VirusTotal(licensed=True), VirusTotal(licensed=False)

    def by_key(key: Any) -> Played:
        return licensed if key.reveal() == LICENSED else free

    core = several.core(by_key, LICENSED).within(BatchAnswers())
    document = {"action": "lookup_hash", "params": {"hash": SCORED}, "options": {"cache": "refresh"}}
    mine, theirs = core.answer(document), core.answer({**document, "auth": {"api_key": FREE}})
    assert (told(mine)[3], told(theirs)[3]) == ("malicious", None)
    assert (told(theirs)[0], len(free.asked)) == ("shared", 0), "the common part is shared"


def test_simultaneous_callers_get_what_their_key_may_have(several: Several) -> None:
    licensed = VirusTotal(licensed=True, holds=True)
    core = several.core(licensed, LICENSED)
    other = several.core(VirusTotal(licensed=False), FREE)
    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(lookup, core)
        assert licensed.is_asked.wait(60)
        follower = pool.submit(lookup, other)
        licensed.go_on.set()
        assert told(leader.result(60))[3] == "malicious"
        assert told(follower.result(60))[3] is None


class KeyElsewhere(ConfigError):
    """This process cannot read the key, but another one that it can ask has it."""

    key_is_elsewhere = True


def _elsewhere() -> ApiKey:
    raise KeyElsewhere("another process has the key")


def test_a_process_whose_key_is_elsewhere_leaves_licensed_answers_to_the_process_that_has_it(several: Several) -> None:
    played = VirusTotal(licensed=False)
    lookup(several.core(played, FREE))
    assert set(several.core(played, _elsewhere).look_up_at_hand("hash", [SCORED], Options())) == {SCORED}
    lookup(several.core(VirusTotal(licensed=True), LICENSED), OTHER)
    core = several.core(played, _elsewhere)
    assert core.look_up_at_hand("hash", [SCORED], Options()) == {}
    found = core.look_up_at_hand("hash", [SCORED], Options(cache="only"))[SCORED]
    assert (found["data"] or {})["verdict"] == "suspicious", "what all keys may have is better than nothing"


def test_the_list_of_the_cache_does_not_show_what_is_remembered(several: Several) -> None:
    core = several.core(VirusTotal(licensed=True), LICENSED)
    lookup(core)
    assert not [row.key for row in core.cache.listed(50) if "licence" in row.key]
    assert LICENSED not in repr(core.context.cache.keys(50))
