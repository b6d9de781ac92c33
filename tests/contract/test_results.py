"""Every field of every answer is described by its action's result schema, and the manifest has all that is known.

It runs on one Python: it compares descriptions with answers. `tests/python_api` runs every action on every Python.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fake_clock import FakeClock
from tests.results import wrong_with
from tests.virustotal.house import core_at
from vt_connectors.actions import ACTIONS, Action
from vt_connectors.actions.manifest import manifest
from vt_connectors.contract import ExitCode
from vt_connectors.contract.documents import error_response
from vt_connectors.contract.validation import violation
from vt_connectors.core import Core
from vt_connectors.errors import BY_CODE
from vt_connectors.sandbox import Licence, Quota, SandboxConfig, SandboxServer

pytestmark = pytest.mark.once

# A value that VirusTotal does not know, and one that is never sent, by the parameter's name.
UNKNOWN = {
    "hash": "0" * 64,
    "indicator": "0" * 64,
    "value": "0" * 64,
    "url": "http://unknown.example/",
    "domain": "unknown.example",
    "comment_id": "d-unknown.example-00000000",
    "path": "files/" + "0" * 64,
    "query": "0" * 64,
    "analysis_id": "u-" + "0" * 64 + "-1700000000",
}
INTERNAL = {
    "indicator": "10.0.0.1",
    "value": "10.0.0.1",
    "url": "http://10.0.0.1/",
    "ip": "10.0.0.1",
    "path": "ip_addresses/10.0.0.1",
    "query": "10.0.0.1",
}
each_action = pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.name)
each_version = pytest.mark.parametrize("version", ["3", "2"])


class Asked:
    """A sandbox whose scans are over after 20 seconds, and a core that asks it."""

    def __init__(self, core: Core, clock: FakeClock) -> None:
        self.core = core
        self.clock = clock

    def __call__(self, action: Action, params: dict[str, Any], **options: Any) -> str:
        """The status of the response, whose form is as the registry says; of an error its code."""
        response = self.core.answer({"action": action.name, "params": params, "options": options})
        assert wrong_with(response) is None, wrong_with(response)
        return str(response["error"]["code"] if response["error"] else response["status"])


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An example creates a file in the working folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def asked(version: str, tmp_path: Path) -> Iterator[Asked]:
    clock = FakeClock()
    config = SandboxConfig(private_keys=True, queued_s=10, completed_s=20, licences=frozenset(Licence))
    with SandboxServer(Quota.unlimited(), clock.now, config=config) as server:
        core = core_at(
            server.url, clock, tmp_path / "state.db", VT_API_VERSION=version, VT_QUOTA="1000/minute,5000/day"
        )
        yield Asked(core, clock)
        core.close()


def replaced(action: Action, values: dict[str, str]) -> dict[str, Any] | None:
    """The action's example with one of `values` in it; None if it takes no such parameter."""
    name = next((name for name in values if name in action.example), None)
    return None if name is None else {**action.example, name: values[name]}


@each_version
@each_action
def test_every_answer_has_the_form_that_its_action_describes(action: Action, asked: Asked, version: str) -> None:
    example = dict(action.example)
    seen = {
        asked(action, example, include=["raw", "engines"]),
        asked(action, example),
        asked(action, example, cache="only"),
        *(asked(action, params) for params in [replaced(action, UNKNOWN), replaced(action, INTERNAL)] if params),
    }
    # What API v2 does not have at all.
    assert seen & {"ok", "pending", "not_found"} or (version == "2" and "forbidden" in seen)


@each_version
def test_the_states_of_a_scan_have_the_form_that_their_actions_describe(asked: Asked) -> None:
    content = base64.b64encode(b"a file that nobody has seen").decode()
    url = "http://unknown.example/"
    for name, params in (
        ("scan_file", {"content_base64": content}),
        ("scan_url", {"url": url}),
        ("rescan_file", {"hash": ACTIONS["rescan_file"].example["hash"]}),
    ):
        assert asked(ACTIONS[name], params) == "pending"
        assert asked(ACTIONS[name], {**params, "wait_s": 300}, include=["raw", "engines"]) in ("ok", "pending")
    response = asked.core.answer({"action": "scan_url", "params": {"url": url + "2"}})
    analysis = {"analysis_id": response["data"]["analysis_id"]}
    assert asked(ACTIONS["get_analysis"], analysis) == "pending"
    asked.clock.advance(30)
    assert asked(ACTIONS["get_analysis"], analysis, include=["raw", "engines"]) == "ok"


@each_version
@pytest.mark.parametrize(("max_wait_s", "status"), [(0, "pending"), (300, "ok")])
def test_a_scan_of_a_missing_url_has_the_form_that_the_lookup_describes(
    asked: Asked, max_wait_s: float, status: str
) -> None:
    params = {"url": UNKNOWN["url"], "scan_if_missing": True}
    assert asked(ACTIONS["lookup_url"], params, max_wait_s=max_wait_s, include=["raw", "engines"]) == status


@each_action
def test_only_actions_that_write_make_requests_that_write(action: Action, tmp_path: Path) -> None:
    clock = FakeClock()
    with SandboxServer(Quota.unlimited(), clock.now) as server:
        core = core_at(server.url, clock, tmp_path / "state.db")
        core.answer({"action": action.name, "params": dict(action.example)})
        unknown = replaced(action, UNKNOWN)
        if unknown:
            core.answer({"action": action.name, "params": unknown})
        wrote = any(request.method != "GET" for request in server.all_requests)
        assert wrote == action.writes
        for name in action.write_params:
            assert action.writes_with({**action.example, name: True})
            assert not action.writes_with({**action.example, name: False})
            core.answer({"action": action.name, "params": {**(unknown or action.example), name: True}})
            assert any(request.method != "GET" for request in server.all_requests)
        core.close()


def fields(rules: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field within a schema, by its path."""
    for name, inner in rules.get("properties", {}).items():
        yield f"{path}/{name}", inner
        yield from fields(inner, f"{path}/{name}")
    for word in ("items", "additionalProperties"):
        if isinstance(rules.get(word), dict):
            yield from fields(rules[word], f"{path}/*")


@each_action
def test_every_field_of_a_result_has_type_description_and_an_example_that_fits(action: Action) -> None:
    for path, rules in fields(action.result_schema):
        assert "type" in rules, path
        assert rules.get("description"), path
        has_fields = any(fields(rules)) or any(isinstance(rules.get(word), dict) for word in ("additionalProperties",))
        assert has_fields or rules.get("examples"), path
        for example in rules.get("examples", []):
            jsonschema.validate(example, rules)
    assert action.result_schema["additionalProperties"] is False


@each_action
def test_every_parameter_has_a_description(action: Action) -> None:
    assert all(rules.get("description") for rules in action.params_schema["properties"].values())
    assert set(action.write_params) <= set(action.params_schema["properties"])


def test_a_field_that_is_not_described_is_noticed() -> None:
    assert violation("results/quota.json", {"windows": {}, "more": 1}) is not None
    assert violation("results/quota.json", {"windows": {"day": {"limit": 1, "spent": 1}}}) is not None


def test_the_manifest_is_json_and_says_everything_of_each_action() -> None:
    told = json.loads(json.dumps(manifest()))
    assert "$ref" not in json.dumps(told)
    assert [entry["name"] for entry in told["actions"]] == list(ACTIONS)
    assert len({entry["title"] for entry in told["actions"]}) == len(ACTIONS)
    for entry in told["actions"]:
        assert all(entry[name] for name in ("title", "description", "params", "result", "errors", "cost", "examples"))
        marked = [name for name, rules in entry["params"]["properties"].items() if rules.get("writes")]
        assert marked == entry["write_params"]
        assert entry["licence"] in {None, *(licence["licence"] for licence in told["licences"])}
        jsonschema.Draft7Validator.check_schema(entry["result"])
    licences = {entry["name"]: entry["licence"] for entry in told["actions"]}
    assert (licences["lookup"], licences["ioc_stream"], licences["relationships"]) == ("free", "premium", None)
    assert told["relationships"]["hash"]["similar_files"] == "premium"
    [quota] = [entry for entry in told["actions"] if entry["name"] == "quota"]
    assert (quota["cost"]["counted"], quota["write_params"], quota["writes"]) == (False, [], False)


def test_errors_are_described_with_the_exit_status_that_they_lead_to() -> None:
    told = {entry["code"]: entry for entry in manifest()["errors"]}
    assert set(told) == set(BY_CODE)
    for code, kind in BY_CODE.items():
        status = ExitCode()
        status.saw(error_response(None, None, kind("")))
        assert (told[code]["exit_status"], told[code]["retryable"]) == (status.value, kind.retryable)
        assert told[code]["description"]
