"""A lookup that is answered again without being read, checked and judged again has the answer that it would get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.actions.repeated_lookups import RepeatableLookup, repeatable
from vt_connectors.sandbox import Licence, SandboxConfig

from .conftest import MakeScenario, Scenario

EICAR = "44d88612fea8a8f36de82e1278abb02f"
DAY_S = 86400.0


def _document(action: str = "lookup_hash", **rest: Any) -> dict[str, Any]:
    params = rest.pop("params", {"hash": EICAR})
    return {"action": action, "params": params, **rest}


def _known(scenario: Scenario, document: Mapping[str, Any]) -> RepeatableLookup:
    """What is known after the document was answered twice."""
    for _ in range(2):
        assert scenario.core.answer(document)["error"] is None
    found = repeatable(scenario.core.context, document)
    assert found is not None
    return found


def _again(scenario: Scenario, lookup: RepeatableLookup) -> dict[str, Any] | None:
    age_s = lookup.age_s(scenario.core.context)
    if age_s is None:
        return None
    return {**lookup.response, "meta": {**lookup.response["meta"], "age_s": age_s}}


@pytest.mark.parametrize(
    "document",
    [
        _document(id="a name"),
        _document(options={"cache": "only"}),
        _document(options={"max_age_s": 7200, "thresholds": {"malicious": 100}}),
        _document(params={"hash": "f" * 64}),
        _document("lookup", params={"value": EICAR}),
        _document("lookup_url", params={"url": "http://user:secret@example.com/"}),
        _document("lookup_domain", params={"domain": "example[.]com"}),
        _document("lookup_ip", params={"ip": "8.8.8.8"}),
    ],
)
def test_a_repeated_lookup_has_the_response_that_the_core_gives(v3: Scenario, document: dict[str, Any]) -> None:
    first = {**document, "options": {}}
    assert v3.core.answer(first)["error"] is None
    lookup = _known(v3, document)
    for passed_s in (0.0, 0.5, 3.0, 5.0):
        v3.clock.advance(passed_s)
        assert _again(v3, lookup) == v3.core.answer(document)


@pytest.mark.parametrize("passed_s", [DAY_S - 1.0, DAY_S + 1.0, -299.0, -301.0])
def test_it_is_not_answered_again_at_any_time_at_which_the_core_asks_anew(v3: Scenario, passed_s: float) -> None:
    lookup = _known(v3, _document())
    v3.clock.step(passed_s)
    is_fresh = -300.0 <= passed_s <= DAY_S
    assert (lookup.age_s(v3.core.context) is not None) is is_fresh
    source = v3.core.answer(_document())["meta"]["source"]
    assert source == ("cache" if is_fresh else "api")


def test_a_newer_answer_takes_its_place(v3: Scenario) -> None:
    lookup = _known(v3, _document())
    v3("lookup_hash", {"cache": "refresh"}, hash=EICAR)
    assert lookup.age_s(v3.core.context) is None


def test_a_cleared_cache_ends_it(v3: Scenario) -> None:
    lookup = _known(v3, _document())
    v3.core.cache.clear()
    assert lookup.age_s(v3.core.context) is None


def test_a_key_that_turns_out_to_be_licensed_ends_it(make_scenario: MakeScenario, clock: FakeClock) -> None:
    scenario = make_scenario()
    lookup = _known(scenario, _document())
    scenario.core.context.licensed_keys.note(None)
    assert lookup.age_s(scenario.core.context) is None


def test_once_a_minute_the_core_answers_because_licences_are_read_again(v3: Scenario) -> None:
    v3.core.answer(_document())
    v3.clock.advance(55.0)
    lookup = _known(v3, _document())
    v3.clock.advance(6.0)
    assert lookup.age_s(v3.core.context) is None
    v3.core.answer(_document())
    assert lookup.age_s(v3.core.context) is not None


def test_after_a_few_seconds_the_core_answers_because_another_process_may_have_a_newer_answer(v3: Scenario) -> None:
    lookup = _known(v3, _document())
    v3.clock.advance(11.0)
    assert lookup.age_s(v3.core.context) is None


@pytest.mark.parametrize(
    "document",
    [
        _document(options={"cache": "refresh"}),
        _document(options={"cache": "off"}),
        _document(options={"include": ["raw"]}),
        _document(options={"include": ["context"]}),
        _document(options={"verdict_by": "gti"}),
        _document(auth={"api_key": "another-key-of-the-sandbox"}),
        _document(unknown=1),
        _document(params={"hash": EICAR, "relationships": ["contacted_ips"]}),
        _document(params={"hash": "no hash"}),
        _document("lookup_ip", params={"ip": "10.0.0.1"}),
        _document("quota", params={}),
        _document("get_comments", params={"indicator": EICAR}),
        [],
        None,
    ],
)
def test_what_depends_on_more_than_the_shared_answer_is_not_repeatable(v3: Scenario, document: Any) -> None:
    for _ in range(2):
        v3.core.answer(document)
    assert repeatable(v3.core.context, document) is None


def test_answers_of_a_licensed_key_are_not_repeatable(make_scenario: MakeScenario) -> None:
    scenario = make_scenario(config=SandboxConfig(licences=frozenset(Licence)))
    for _ in range(2):
        scenario.core.answer(_document())
    assert repeatable(scenario.core.context, _document()) is None
