"""The schemas of the OpenAPI document: those of `schemas/`, with what many actions have in common as references."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....actions import ACTIONS, Action
from ....contract.validation import schema
from ..contract_api.listing import is_available, refused_params

_REFUSAL: Mapping[str, Any] = {
    "type": "object",
    "description": "The server itself refuses the call",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "examples": ["wrong_token"]},
                "message": {"type": "string", "examples": ["the token is not known to this server"]},
            },
        }
    },
}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def component_schemas() -> dict[str, Any]:
    """By name. The names of an action's schemas are those of `params_name`, `data_name` and `response_name`."""
    response = _plain(schema("response.json"))
    data, error, meta = (response["properties"][name] for name in ("data", "error", "meta"))
    found: dict[str, Any] = {
        "Error": {**error, "type": "object"},
        "Meta": meta,
        "Options": {**schema("request.json")["properties"]["options"], "type": "object"},
        "Refusal": dict(_REFUSAL),
        "Request": _request(),
        "Response": _envelope(response, {"type": ["object", "null"], "description": "The action's own object"}),
        "Problem": {"anyOf": [ref("Refusal"), ref("Response")]},
        **{_field_name(name): rules for name, rules in data["properties"].items()},
    }
    for action in available_actions():
        found[params_name(action)] = _params(action)
        found[data_name(action)] = _with_references(_plain(action.result_schema), data["properties"])
        found[request_name(action)] = _action_request(action)
        found[response_name(action)] = _envelope(response, {"anyOf": [ref(data_name(action)), {"type": "null"}]})
    return found


def available_actions() -> list[Action]:
    """Those that are not refused to everybody over HTTP."""
    return [action for action in ACTIONS.values() if is_available(action.name)]


def params_name(action: Action) -> str:
    return f"{_camel(action.name)}Params"


def data_name(action: Action) -> str:
    return f"{_camel(action.name)}Data"


def request_name(action: Action) -> str:
    return f"{_camel(action.name)}Request"


def response_name(action: Action) -> str:
    return f"{_camel(action.name)}Response"


def _request() -> dict[str, Any]:
    known = _plain(schema("request.json"))
    # A key of the caller's own is refused, unless the server is told to accept keys.
    properties = {name: rules for name, rules in known["properties"].items() if name != "auth"}
    properties["action"] = {"type": "string", "enum": [action.name for action in available_actions()]}
    properties["options"] = _or_null(ref("Options"))
    return {**known, "properties": properties}


def _params(action: Action) -> dict[str, Any]:
    known, refused = _plain(action.params_schema), refused_params(action.name)
    properties = {name: rules for name, rules in known["properties"].items() if name not in refused}
    return {**known, "properties": properties}


def _action_request(action: Action) -> dict[str, Any]:
    id_ = schema("request.json")["properties"]["id"]
    required = ["params"] if action.params_schema["required"] else []
    properties = {"id": id_, "params": ref(params_name(action)), "options": _or_null(ref("Options"))}
    return {"type": "object", "required": required, "properties": properties}


def _envelope(response: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    properties = {**response["properties"], "data": data, "error": _or_null(ref("Error")), "meta": ref("Meta")}
    return {**response, "properties": properties}


def _or_null(rules: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [rules, {"type": "null"}]}


def _with_references(rules: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """`rules` with references to the fields of reports that are equal in all actions."""
    properties = {
        name: ref(_field_name(name)) if fields.get(name) == inner else inner
        for name, inner in rules["properties"].items()
    }
    return {**rules, "properties": properties}


def _plain(rules: Mapping[str, Any]) -> dict[str, Any]:
    return {word: rule for word, rule in rules.items() if word != "$schema"}


def _field_name(name: str) -> str:
    return f"Field{_camel(name)}"


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
