"""The operations of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....actions import ACTIONS, Action
from ....actions.manifest import example_request
from ....contract.validation import schema
from ..contract_api.batch import MEDIA_TYPES, NDJSON
from ..contract_api.listing import NOTES
from ..contract_api.lookup_query import MOST_PARTS, NAMES
from .schemas import ref, request_name, response_name

_JSON = "application/json"
_STATUS = ({"$ref": "#/components/parameters/http_status"}, {"$ref": "#/components/parameters/prefer"})
_LINES = [each for each in MEDIA_TYPES if each != _JSON]
_KEY = {"$ref": "#/components/parameters/idempotency_key"}
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds after which to try again", "schema": {"type": "integer", "minimum": 0}}
}
# What the server itself says, and with `Prefer: status` the outcomes of actions.
_PROBLEMS = {
    "400": "The body is not JSON, or the request is invalid",
    "401": "There is no token, or the server does not know it",
    "403": "The token lacks a right, or the call came from a web page",
    "413": "The body or the file is too large",
    "415": "The body has another type",
    "429": "The quota is used up, or there are too many calls at once",
    "500": "A bug",
    "502": "VirusTotal refused the request, or its response is invalid",
    "503": "VirusTotal cannot be reached, or the server is stopping or has no key",
    "504": "VirusTotal did not answer in time",
}
_OF_WRITES = {
    "409": "A request with this Idempotency-Key is in progress, or VirusTotal has the object already",
    "422": "The Idempotency-Key was used with another request",
}
_WITH_RETRY = ("409", "429", "503")


def action_operation(action: Action) -> dict[str, Any]:
    """`POST /v1/actions/{name}`."""
    can_write = action.writes or bool(action.write_params)
    example = {"params": example_request(action)["params"]}
    note = f" {NOTES[action.name]}" if action.name in NOTES else ""
    return {
        "operationId": action.name,
        "summary": action.title,
        "description": f"{action.about}. Requests to VirusTotal: {action.requests}.{note}",
        "tags": ["actions"],
        "parameters": [*_STATUS, *([_KEY] if can_write else [])],
        "requestBody": _body(request_name(action), example),
        "responses": _responses(response_name(action), "The response document", writes=can_write),
    }


def describing_operation(action: Action) -> dict[str, Any]:
    """`GET /v1/actions/{name}`."""
    return _reading(f"describe_{action.name}", f"Describe: {action.title}", "The action's entry of the list")


def run_operation() -> dict[str, Any]:
    """`POST /v1/run`."""
    example = example_request(ACTIONS["lookup_hash"])
    return {
        "operationId": "run",
        "summary": "Run an action",
        "description": "Answers a request document of the contract, whatever its action.",
        "tags": ["documents"],
        "parameters": [*_STATUS, _KEY],
        "requestBody": _body("Request", example),
        "responses": _responses("Response", "The response document", writes=True),
    }


def batch_operation() -> dict[str, Any]:
    """`POST /v1/batch`."""
    line = '{"action":"lookup","params":{"value":"8.8.8.8"}}\n'
    lines = {"schema": {"type": "string", "description": "Documents as JSON, one on a line"}, "example": line * 2}
    return {
        "operationId": "batch",
        "summary": "Run many actions",
        "description": "Request documents as lines of JSON, and a line of JSON for each response, in order and as "
        "they are ready. A line that is not a request is answered with `invalid_request`.",
        "tags": ["documents"],
        "requestBody": {"required": True, "content": dict.fromkeys(_LINES, lines)},
        "responses": {
            "200": {"description": "The responses", "content": {NDJSON: {"schema": {"type": "string"}}}},
            **_problems(("400", "401", "403", "413", "415", "429", "503")),
        },
    }


def reading_operations() -> dict[str, Any]:
    """The paths that are read with GET."""
    lookup = ACTIONS["lookup"]
    return {
        "/v1/lookup": {
            "get": {
                "operationId": "lookup_by_query",
                "summary": lookup.title,
                "description": f"{lookup.about}, for tools that can only GET.",
                "tags": ["documents"],
                "parameters": [*_lookup_parameters(), *_STATUS],
                "responses": _responses(response_name(lookup), "The response document"),
            }
        },
        "/v1/actions": {
            "get": _reading("list_actions", "List the actions", "The actions, with their parameters and rights")
        },
        "/v1/quota": {
            "get": {
                "operationId": "get_quota",
                "summary": "Get the quota",
                "description": "This server's own record of the quota; with `account=1` VirusTotal's figures too.",
                "tags": ["server"],
                "parameters": [_account(), *_STATUS],
                "responses": _responses(response_name(ACTIONS["quota"]), "The response document"),
            }
        },
        "/openapi.json": {"get": {**_reading("get_openapi", "Get this description", "This document"), "security": []}},
    }


def _reading(id_: str, summary: str, about: str) -> dict[str, Any]:
    content = {_JSON: {"schema": {"type": "object"}}}
    return {
        "operationId": id_,
        "summary": summary,
        "description": f"{about}.",
        "tags": ["server"],
        "responses": {"200": {"description": about, "content": content}, **_problems(("400", "401", "403", "404"))},
    }


def _body(name: str, example: Any) -> dict[str, Any]:
    return {"required": True, "content": {_JSON: {"schema": ref(name), "example": example}}}


def _responses(name: str, about: str, *, writes: bool = False) -> dict[str, Any]:
    content = {_JSON: {"schema": ref(name)}}
    return {
        "200": {"description": f"{about}, whatever the outcome", "headers": _RETRY_AFTER, "content": content},
        "202": {"description": "A scan was accepted; poll it", "headers": _RETRY_AFTER, "content": content},
        **_problems([*_PROBLEMS, *(_OF_WRITES if writes else ())]),
    }


def _problems(statuses: Sequence[str]) -> dict[str, Any]:
    about = {**_PROBLEMS, **_OF_WRITES, "404": "There is nothing at this path"}
    content = {_JSON: {"schema": ref("Problem")}}
    found: dict[str, Any] = {}
    for status in sorted(statuses):
        found[status] = {"description": about[status], "content": content}
        if status in _WITH_RETRY:
            found[status]["headers"] = _RETRY_AFTER
    found["default"] = {"description": "The server itself refuses the call", "content": content}
    return found


def _lookup_parameters() -> list[dict[str, Any]]:
    params = ACTIONS["lookup"].params_schema["properties"]
    options = schema("request.json")["properties"]["options"]["properties"]
    known = {**params, **options}
    return [_lookup_parameter(name, known.get(name)) for name in NAMES]


def _lookup_parameter(name: str, rules: Any) -> dict[str, Any]:
    if name in ("max_age", "max_wait"):
        about = {"max_age": "The oldest cached answer that will do", "max_wait": "The longest wait for quota"}[name]
        time = {"type": "string", "pattern": "^[0-9]{1,4}(ms|s|m|h)?$", "examples": ["12h"]}
        return _in_query(name, f"{about}: seconds, or a time such as 90s, 15m or 12h", time)
    if rules is None:
        about = "How many engines are needed for this verdict"
        kind, dot, _ = name.partition(".")
        about = f"{about} on {'an' if kind == 'ip' else 'a'} {kind}" if dot else about
        return _in_query(name, about, {"type": "integer", "minimum": 1, "maximum": 1000})
    plain = {"type": "string"} if "enum" not in rules else {"enum": [each for each in rules["enum"] if each]}
    if "array" in rules.get("type", ()):
        inner = {**rules["items"], "type": "string"}
        known = f": {', '.join(inner['enum'])}" if "enum" in inner else ""
        listed = {"type": "array", "items": inner, "maxItems": min(rules["maxItems"], MOST_PARTS)}
        found = _in_query(name, rules.get("description", f"Further parts of the answer{known}"), listed)
        return {**found, "style": "form", "explode": False}
    sizes = {word: rules[word] for word in ("minLength", "maxLength") if word in rules}
    found = _in_query(name, rules.get("description", f"The {name}"), {"type": "string", **plain, **sizes})
    return {**found, "required": True, "example": "8.8.8.8"} if name == "value" else found


def _in_query(name: str, about: str, rules: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": about, "schema": rules}


def _account() -> dict[str, Any]:
    rules = {"type": "string", "enum": ["0", "1", "false", "true"], "default": "0"}
    return _in_query("account", "1: ask VirusTotal for the account's figures, which it does not count", rules)
