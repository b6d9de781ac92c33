"""VirusTotal's own object goes only to the requests that ask for it, also if they share an answer with others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.actions.conftest import MakeScenario, Scenario
from vt_connectors.actions import ACTIONS
from vt_connectors.actions.context import new_batch
from vt_connectors.sandbox import EVERY_LICENCE, SandboxConfig

_INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"
# They answer about something that was sent before.
_ABOUT_SCANS = ("get_analysis", "lookup_private_file", "lookup_private_url")
_WITH_RAW = [
    name
    for name, action in ACTIONS.items()
    if "raw" in action.result_schema["properties"] and not action.writes and name not in _ABOUT_SCANS
]


def _params(name: str, scenario: Scenario) -> dict[str, Any]:
    if name == "behaviour":
        return {"hash": _INVOICE}
    if name == "get_comment":
        [comment] = scenario("get_comments", indicator=_INVOICE, limit=1)["data"]["comments"]
        return {"comment_id": comment["id"]}
    return dict(ACTIONS[name].example)


@pytest.mark.parametrize("name", _WITH_RAW)
def test_a_request_that_shares_an_answer_with_raw_gets_it_without(name: str, make_scenario: MakeScenario) -> None:
    scenario = make_scenario(config=SandboxConfig(licences=EVERY_LICENCE))
    request = {"action": name, "params": _params(name, scenario)}
    batch = scenario.core.within(new_batch())
    first, second = (
        batch.answer({**request, "options": {"cache": "refresh", "include": include}}) for include in (["raw"], [])
    )
    assert [answer["status"] for answer in (first, second)] == ["ok", "ok"]
    assert ["raw" in answer["data"] for answer in (first, second)] == [True, False]
