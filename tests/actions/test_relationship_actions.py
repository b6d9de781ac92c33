"""`Relationship`: an action that an endpoint, a row and an entry in the registry make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from vt_connectors.actions.relationships import Relationship
from vt_connectors.contract.documents import Options, Outcome, Request
from vt_connectors.errors import Forbidden, InvalidIndicator, InvalidResponse
from vt_connectors.indicators import Indicator
from vt_connectors.virustotal import endpoints
from vt_connectors.virustotal.budget import Budget

from .conftest import MakeScenario, Scenario

EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"


def _row(item: Mapping[str, Any], indicator: Indicator) -> dict[str, Any]:
    return {"text": item["attributes"]["text"], "of": indicator.value}


REMARKS = Relationship("remarks", endpoints.COMMENTS, "comment", _row, default_limit=2, kinds=("hash", "domain"))


def _ask(scenario: Scenario, action: Relationship = REMARKS, **params: Any) -> Outcome:
    context = scenario.core.context
    return action(context, Request("remarks", params, Options()), Budget(context.clock.monotonic() + 20))


def test_the_rows_of_an_indicator_are_asked_for_once_and_then_cached(v3: Scenario) -> None:
    found = _ask(v3, indicator=EICAR)
    assert found.data is not None
    assert (found.status, found.source, found.data["more"]) == ("ok", "api", True)
    assert [row["of"] for row in found.data["remarks"]] == [EICAR] * 2
    assert _ask(v3, indicator=EICAR).source == "cache"
    assert v3.calls == [f"GET /api/v3/files/{EICAR}/comments"]


def test_rows_that_change_often_are_not_cached_for_long(v3: Scenario) -> None:
    seldom = Relationship("notes", endpoints.COMMENTS, "comment", _row, changes_often=False)
    for action in (REMARKS, seldom):
        _ask(v3, action, indicator=EICAR)
    v3.clock.advance(3600)
    assert [_ask(v3, action, indicator=EICAR).source for action in (REMARKS, seldom)] == ["api", "cache"]


def test_unknown_internal_and_unfit_indicators(v3: Scenario) -> None:
    assert _ask(v3, indicator="unknown.example").status == "not_found"
    assert _ask(v3, indicator="host.internal").status == "skipped"
    with pytest.raises(InvalidIndicator, match="for hash or domain"):
        _ask(v3, indicator="8.8.8.8")


def test_rows_of_another_type_are_not_an_answer(v3: Scenario) -> None:
    with pytest.raises(InvalidResponse):
        _ask(v3, Relationship("votes", endpoints.COMMENTS, "vote", _row), indicator=EICAR)


def test_api_v2_does_not_have_it(make_scenario: MakeScenario) -> None:
    with pytest.raises(Forbidden, match="VT_API_VERSION=3"):
        _ask(make_scenario("2"), indicator=EICAR)
