"""Plans that derive from the registry, and actions that have none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from vt_connectors.actions import ACTIONS
from vt_connectors.actions.file_access import FileAccess
from vt_connectors.actions.relationships import Relationship
from vt_connectors.api_key import ApiKey
from vt_connectors.contract.documents import Request
from vt_connectors.errors import Forbidden, InvalidIndicator, InvalidRequest
from vt_connectors.export.further_plans import WITHOUT_PLAN
from vt_connectors.export.plan_action import RequestPlan, has_plan, request_plan
from vt_connectors.indicators import Indicator, NeverQuery
from vt_connectors.redaction import KeyGuard
from vt_connectors.virustotal import endpoints


def _row(item: Mapping[str, Any], _: Indicator) -> dict[str, Any]:
    return dict(item)


REMARKS = Relationship("remarks", endpoints.COMMENTS, "comment", _row, default_limit=7, kinds=("domain",))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an action in the registry without a plan of its own."""
    monkeypatch.setitem(ACTIONS, "later", ACTIONS["get_comments"]._replace(run=REMARKS))
    return "later"


def _plan(action: str, version: str = "3", **params: Any) -> RequestPlan:
    guard = KeyGuard(lambda: ApiKey("k" * 64))
    return request_plan(Request(action, params), version, NeverQuery(()), guard, FileAccess())


def test_every_action_of_now_has_a_plan() -> None:
    assert [name for name in ("lookup", "scan_file", "get_comments", "quota") if not has_plan(ACTIONS[name])] == []


def test_every_action_has_a_plan_or_a_reason_to_have_none() -> None:
    missing = [name for name, action in ACTIONS.items() if not has_plan(action) and name not in WITHOUT_PLAN]
    to_do = "enter its calls in FURTHER_PLANS, or why it has none in WITHOUT_PLAN, both in export/further_plans.py"
    assert missing == [], to_do
    assert [name for name in WITHOUT_PLAN if has_plan(ACTIONS[name])] == []


def test_the_message_says_why_there_is_no_plan() -> None:
    with pytest.raises(InvalidRequest, match=f"by hand: {WITHOUT_PLAN['download_file']}; run vtaction download_file"):
        _plan("download_file", **ACTIONS["download_file"].example)


def test_the_plan_of_a_relationship_is_its_endpoint(later: str) -> None:
    [call] = _plan(later, indicator="example.com").calls
    assert call.endpoint is endpoints.COMMENTS
    assert call.values == {"collection": "domains", "id": "example.com", "limit": "7"}
    assert _plan(later, indicator="host.internal").calls == ()


def test_what_the_action_refuses_the_plan_refuses(later: str) -> None:
    with pytest.raises(InvalidIndicator):
        _plan(later, indicator="8.8.8.8")
    with pytest.raises(Forbidden, match="VT_API_VERSION=3"):
        _plan(later, "2", indicator="example.com")


def test_without_a_plan_there_is_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    action = ACTIONS["quota"]._replace(name="later")
    assert not has_plan(action)
    monkeypatch.setitem(ACTIONS, "later", ACTIONS["quota"])
    with pytest.raises(InvalidRequest, match="run vtaction later"):
        _plan("later")
