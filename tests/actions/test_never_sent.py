"""No action sends names or addresses of an internal network, whichever of its parameters has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actions.conftest import MakeScenario
from vt_connectors.actions import ACTIONS
from vt_connectors.sandbox import EVERY_LICENCE, SandboxConfig

_SCHEMAS = Path(__file__).resolve().parents[2] / "schemas/actions"
_INTERNAL = {"domain": "srv.internal", "ip": "10.1.2.3", "url": "http://srv.internal/login"}
_REASONS = ("internal_name", "private_address")
# Parameters that take indicators of any kind.
_ANY = ("indicator", "value", "query")


def _cases() -> Iterator[tuple[str, dict[str, object]]]:
    for name, action in ACTIONS.items():
        parameters = json.loads((_SCHEMAS / f"{name}.json").read_text("utf-8"))["properties"]
        texts = [parameter for parameter, schema in parameters.items() if "string" in schema.get("type", ())]
        for parameter in texts:
            kinds = _INTERNAL if parameter in _ANY else {parameter} & _INTERNAL.keys()
            others = {given: value for given, value in action.example.items() if given not in _INTERNAL}
            for kind in kinds:
                yield name, {**others, parameter: _INTERNAL[kind]}
                if "private" in parameters:
                    yield name, {**others, parameter: _INTERNAL[kind], "private": True}


@pytest.mark.parametrize(("action", "params"), list(_cases()))
def test_no_action_sends_what_is_internal(action: str, params: dict[str, object], make_scenario: MakeScenario) -> None:
    scenario = make_scenario(config=SandboxConfig(licences=EVERY_LICENCE))
    response = scenario(action, **params)
    assert scenario.server.requests == []
    if response["error"] is None:
        assert (response["status"], response["data"]["reason"] in _REASONS) == ("skipped", True), response
    else:  # there is no such relationship of this kind
        assert (action, response["error"]["code"]) == ("relationships", "invalid_request")
