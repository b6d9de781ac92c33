"""Many values from the cache at once: what it has is answered as `look_up` answers it, and nothing is asked."""

from __future__ import annotations

from typing import Any

from connectors.contract import Options
from connectors.core import Misconfigured
from connectors.errors import ConfigError

from .conftest import MakeDesk

EICAR = "44d88612fea8a8f36de82e1278abb02f"
VALUES = [EICAR, EICAR.upper(), "8.8.8.8", "malicious.example", "hxxp://malicious[.]example/payload.bin", "0" * 64]


def less_time(response: dict[str, Any]) -> dict[str, Any]:
    return {**response, "meta": {**response["meta"], "duration_ms": 0}}


def test_the_answers_are_those_of_one_by_one(make_desk: MakeDesk) -> None:
    core = make_desk().core
    for options in (Options(), Options(include=frozenset(["raw"])), Options(thresholds={"malicious": 100})):
        for value in VALUES:
            core.look_up(None, value, options)
        found = core.look_up_cached(None, VALUES, options)
        assert list(found) == VALUES
        for value, response in found.items():
            assert less_time(response) == less_time(core.look_up(None, value, options))
    assert core.look_up_cached("hash", VALUES, Options()).keys() == {EICAR, EICAR.upper(), "0" * 64}


def test_what_must_be_asked_or_refused_is_left_out(make_desk: MakeDesk) -> None:
    desk = make_desk()
    for value in (EICAR, "0" * 32):
        desk("lookup_hash", {}, hash=value)
    before = len(desk.calls)
    values = [EICAR, "1" * 32, "not an indicator", "", "10.1.2.3", "0" * 32]
    assert list(desk.core.look_up_cached(None, values, Options())) == [EICAR, "0" * 32]
    assert list(desk.core.look_up_cached(None, values, Options("only"))) == [EICAR, "0" * 32]
    assert desk.core.look_up_cached(None, values, Options("off")) == {}
    assert desk.core.look_up_cached(None, values, Options("refresh")) == {}
    assert desk.core.look_up_cached(None, values, Options(include=frozenset(["raw"]))).keys() == {"0" * 32}
    desk.clock.advance(700)
    assert list(desk.core.look_up_cached(None, values, Options())) == [EICAR]
    assert desk.core.look_up_cached(None, values, Options(max_age_s=600)) == {}
    assert len(desk.calls) == before


def test_a_core_that_cannot_be_made_has_nothing_cached() -> None:
    assert Misconfigured(ConfigError("wrong")).look_up_cached(None, VALUES, Options()) == {}
