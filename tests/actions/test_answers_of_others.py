"""A process that runs for long sees what other processes do with the shared cache."""

from __future__ import annotations

from .conftest import MakeScenario

EICAR = "44d88612fea8a8f36de82e1278abb02f"
LOOKUP = {"action": "lookup_hash", "params": {"hash": EICAR}}
# For so long an answer stays in the memory of a process (docs/state.md).
MEMORY_S = 10.0


def test_a_refreshed_answer_is_found_after_a_few_seconds(make_scenario: MakeScenario) -> None:
    ours = make_scenario()
    other = make_scenario(server=ours.server)
    first = ours.core.answer(LOOKUP)
    ours.clock.advance(60.0)
    fresh = other.core.answer({**LOOKUP, "options": {"cache": "refresh"}})
    ours.clock.advance(MEMORY_S + 1.0)
    seen = ours.core.answer(LOOKUP)
    assert first["meta"]["fetched_at"] != fresh["meta"]["fetched_at"] == seen["meta"]["fetched_at"]
    assert seen["meta"]["source"] == "cache"


def test_a_cleared_answer_is_not_given_after_a_few_seconds(make_scenario: MakeScenario) -> None:
    ours = make_scenario()
    other = make_scenario(server=ours.server)
    ours.core.answer(LOOKUP)
    other.core.cache.clear()
    ours.clock.advance(MEMORY_S + 1.0)
    assert ours.core.answer(LOOKUP)["meta"]["source"] == "api"
