"""A private scan whose `private` is misplaced, null or ambiguous is refused: ignored, it would make a file public."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.responses import error_of
from tests.vtaction_process import RunnerProcess

from .conftest import Scenario

URL: dict[str, Any] = {"action": "scan_url", "params": {"url": "http://secret-project.example/a"}}
FILE: dict[str, Any] = {"action": "scan_file", "params": {"content_base64": "aGVsbG8=", "filename": "a.txt"}}


@pytest.mark.parametrize("document", [URL, FILE], ids=["url", "file"])
@pytest.mark.parametrize(
    "more",
    [
        {"private": True},
        {"Private": True},
        {"Params": {"private": True}},
        {"param": {"private": True}},
        {"options": {"private": True}},
        {"extra": {"PRIVATE": "yes"}},
    ],
    ids=json.dumps,
)
def test_private_outside_of_params_is_refused(v3: Scenario, document: dict[str, Any], more: dict[str, Any]) -> None:
    error = error_of(v3.core.answer({**document, **more}))
    assert (error["code"], "private" in error["message"]) == ("invalid_request", True)
    assert v3.calls == []


@pytest.mark.parametrize("document", [URL, FILE], ids=["url", "file"])
def test_private_without_a_value_is_refused(v3: Scenario, document: dict[str, Any]) -> None:
    error = error_of(v3.core.answer({**document, "params": {**document["params"], "private": None}}))
    assert (error["code"], error["details"]["path"]) == ("invalid_request", "/params/private")
    assert v3.calls == []


def test_a_name_that_is_there_twice_is_refused(run: RunnerProcess) -> None:
    line = '{"action": "scan_url", "params": {"url": "http://secret.example/", "private": true, "private": false}}'
    ran = run(line, json.dumps(URL | {"action": "lookup_url"}))
    assert ran.lines[0]["status"] == "error"
    assert "'private' twice" in ran.lines[0]["error"]["message"]
    assert ran.lines[1]["error"] is None


def test_only_the_cache_is_read_where_nothing_may_be_sent(v3: Scenario) -> None:
    writes: tuple[tuple[str, dict[str, Any]], ...] = (
        ("add_comment", {"indicator": "suspicious.example", "comment": "x"}),
        ("add_vote", {"indicator": "suspicious.example", "verdict": "malicious"}),
        ("rescan", {"indicator": "suspicious.example"}),
        ("delete_comment", {"comment_id": "d-example.com-07457619"}),
        ("scan_url", URL["params"]),
        ("scan_file", FILE["params"]),
    )
    for action, params in writes:
        assert v3(action, {"cache": "only"}, **params)["status"] == "skipped", action
    assert v3.calls == []
