"""Many lookups at once that need no request: each gets the same answer as from `look_up`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.responses import error_of
from vt_connectors.contract.documents import Options
from vt_connectors.errors import ConfigError
from vt_connectors.misconfigured import Misconfigured

from .conftest import MakeScenario

EICAR = "44d88612fea8a8f36de82e1278abb02f"
VALUES = [EICAR, EICAR.upper(), "8.8.8.8", "malicious.example", "hxxp://malicious[.]example/payload.bin", "0" * 64]
WRONG = ["not an indicator", "", "10.1.2.3", "printer.lan"]


def less_time(response: Mapping[str, Any]) -> dict[str, Any]:
    return {**response, "meta": {**response["meta"], "duration_ms": 0}}


def test_the_answers_are_those_of_one_by_one(make_scenario: MakeScenario) -> None:
    core = make_scenario().core
    for options in (Options(), Options(include=frozenset(["raw"])), Options(thresholds={"malicious": 100})):
        for value in VALUES:
            core.look_up(None, value, options)
        found = core.look_up_at_hand(None, [*VALUES, *WRONG], options)
        assert found.keys() == {*VALUES, *WRONG}
        for value, response in found.items():
            assert less_time(response) == less_time(core.look_up(None, value, options))
    found = core.look_up_at_hand("hash", VALUES, Options())
    assert {value for value in VALUES if found[value]["status"] != "error"} == {EICAR, EICAR.upper(), "0" * 64}


def test_what_must_be_asked_is_left_out(make_scenario: MakeScenario) -> None:
    scenario = make_scenario()
    for value in (EICAR, "0" * 32):
        scenario("lookup_hash", {}, hash=value)
    before = len(scenario.calls)

    def answered(options: Options) -> set[str]:
        found = scenario.core.look_up_at_hand(None, [EICAR, "1" * 32, *WRONG, "0" * 32], options)
        assert {value: found[value]["status"] for value in WRONG} == {
            "not an indicator": "error",
            "": "error",
            "10.1.2.3": "skipped",
            "printer.lan": "skipped",
        }
        return {value for value in found if value not in WRONG}

    assert answered(Options()) == {EICAR, "0" * 32}
    assert answered(Options("off")) == set()
    assert answered(Options("refresh")) == set()
    assert answered(Options(include=frozenset(["raw"]))) == {"0" * 32}
    scenario.clock.advance(700)
    assert answered(Options()) == {EICAR}
    assert answered(Options(max_age_s=600)) == set()
    assert len(scenario.calls) == before


def test_with_the_cache_alone_every_value_is_answered(make_scenario: MakeScenario) -> None:
    core = make_scenario().core
    core.look_up(None, EICAR, Options())
    found = core.look_up_at_hand(None, [EICAR, "1" * 32, *WRONG], Options("only"))
    assert [found[value]["status"] for value in (EICAR, "1" * 32)] == ["ok", "skipped"]
    for value, response in found.items():
        assert less_time(response) == less_time(core.look_up(None, value, Options("only")))


def test_what_only_this_process_keeps_is_found_too(make_scenario: MakeScenario, tmp_path: Any) -> None:
    core = make_scenario().core
    core.look_up(None, EICAR, Options())
    core.context.cache._shared.use(lambda store: store.clear())
    assert core.look_up_at_hand(None, [EICAR], Options())[EICAR]["meta"]["source"] == "cache"


def test_a_core_that_cannot_be_made_says_so_of_every_value() -> None:
    found = Misconfigured(ConfigError("wrong")).look_up_at_hand(None, VALUES, Options())
    assert found.keys() == set(VALUES)
    assert {error_of(response)["code"] for response in found.values()} == {"config_error"}
