"""One comment, by its id."""

from __future__ import annotations

import pytest

from tests.responses import error_of

from .conftest import Scenario
from .deep_objects import MALICIOUS

EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"


def test_an_own_comment_is_read_and_deleted(v3: Scenario) -> None:
    comment_id = v3("add_comment", indicator=MALICIOUS, comment="seen in a mail #phishing")["data"]["comment_id"]
    found = v3("get_comment", comment_id=comment_id)
    assert (found["status"], found["data"]["comment"]) == ("ok", "seen in a mail #phishing")
    assert v3("get_comment", comment_id=comment_id)["meta"]["source"] == "cache"
    deleted = v3("delete_comment", comment_id=comment_id)
    assert (deleted["status"], deleted["data"]["deleted"]) == ("ok", True)
    assert v3("get_comment", comment_id=comment_id)["status"] == "not_found"
    assert v3("delete_comment", comment_id=comment_id)["status"] == "not_found"


def test_the_comment_of_somebody_else_is_not_deleted(v3: Scenario) -> None:
    comment_id = v3("get_comments", indicator=EICAR, limit=1)["data"]["comments"][0]["id"]
    error = error_of(v3("delete_comment", comment_id=comment_id))
    assert error["code"] == "forbidden"
    assert v3("get_comment", comment_id=comment_id)["status"] == "ok"


@pytest.mark.parametrize("odd", ["x", "../users/me", "d-example.com/votes-0745", "d-..-07457619", "d-a b-0745", "f-"])
def test_what_is_not_the_id_of_a_comment_is_not_sent(v3: Scenario, odd: str) -> None:
    for action in ("get_comment", "delete_comment"):
        assert error_of(v3(action, comment_id=odd))["code"] == "invalid_indicator"
    assert v3.calls == []
