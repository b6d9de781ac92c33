"""Converts our OpenAPI 3.1 document to OpenAPI 2.0, by rules for what our document has and no more. Pure.

What 2.0 cannot express is left out, so that its schemas accept more: several types, `anyOf`, and null, which the
extension `x-nullable` marks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SCHEMAS, _DEFINITIONS = "#/components/schemas/", "#/definitions/"
_PARAMETERS, _PARAMETERS_2 = "#/components/parameters/", "#/parameters/"
# Keywords of a schema whose meaning is the same.
_KEPT = frozenset(
    ("type", "format", "title", "description", "default", "enum", "required", "minimum", "maximum", "minLength")
) | frozenset(("maxLength", "maxItems", "minItems", "pattern"))
_JSON = "application/json"


def swagger(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same API in OpenAPI 2.0. The operations that describe single actions are left out."""
    info = document["info"]
    components = document["components"]
    return {
        "swagger": "2.0",
        "info": {
            "title": info["title"],
            "version": info["version"],
            "description": info["description"],
            "license": {"name": info["license"]["name"]},
        },
        "host": "127.0.0.1:8300",
        "basePath": "/",
        "schemes": ["http", "https"],
        "consumes": [_JSON],
        "produces": [_JSON],
        "tags": document["tags"],
        "security": [{"bearer": []}, {"apikey": []}],
        "securityDefinitions": {
            "apikey": components["securitySchemes"]["apikey"],
            "bearer": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Bearer ` and a token of this server",
            },
        },
        "paths": {path: _path(item) for path, item in document["paths"].items()},
        "parameters": {name: _parameter(rules) for name, rules in components["parameters"].items()},
        "definitions": {name: _schema(rules) for name, rules in components["schemas"].items()},
    }


def _path(item: Mapping[str, Any]) -> dict[str, Any]:
    methods = ["post"] if {"get", "post"} <= set(item) else list(item)
    return {method: _operation(item[method]) for method in methods}


def _operation(operation: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: operation[name] for name in ("operationId", "summary", "description", "tags") if name in operation}
    if "security" in operation:
        found["security"] = operation["security"]
    parameters = [_parameter(each) for each in operation.get("parameters", ())]
    body = operation.get("requestBody")
    if body is not None:
        types = list(body["content"])
        found["consumes"] = types
        rules = _schema(body["content"][types[0]]["schema"])
        parameters.append({"name": "body", "in": "body", "required": True, "schema": rules})
    found["parameters"] = parameters
    found["produces"] = sorted({kind for each in operation["responses"].values() for kind in each["content"]})
    found["responses"] = {status: _response(each) for status, each in operation["responses"].items()}
    return found


def _response(response: Mapping[str, Any]) -> dict[str, Any]:
    content = next(iter(response["content"].values()))
    found = {"description": response["description"], "schema": _schema(content["schema"])}
    headers = response.get("headers", {})
    if headers:
        found["headers"] = {
            name: {**_schema(each["schema"]), "description": each["description"]} for name, each in headers.items()
        }
    return found


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in parameter:
        return {"$ref": parameter["$ref"].replace(_PARAMETERS, _PARAMETERS_2)}
    found = {name: parameter[name] for name in ("name", "in", "description", "required") if name in parameter}
    rules = _schema(parameter["schema"])
    if rules.get("type") == "array":
        found["collectionFormat"] = "csv"
    return {"type": "string", **{word: rule for word, rule in rules.items() if word != "example"}, **found}


def _schema(rules: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in rules:
        return {"$ref": rules["$ref"].replace(_SCHEMAS, _DEFINITIONS)}
    if "anyOf" in rules:
        return _any_of(rules["anyOf"])
    found: dict[str, Any] = {word: rule for word, rule in rules.items() if word in _KEPT}
    _set_type(found)
    if "enum" in found:
        found["enum"] = [value for value in found["enum"] if value is not None]
        found.setdefault("type", "string" if isinstance(found["enum"][0], str) else "integer")
        if None in rules["enum"]:
            found["x-nullable"] = True
    if found.get("default", "") is None:
        del found["default"]
    if not found.get("required", True):
        del found["required"]
    if rules.get("examples"):
        found["example"] = rules["examples"][0]
    return {**found, **_inner(rules, found.get("type"))}


def _inner(rules: Mapping[str, Any], kind: object) -> dict[str, Any]:
    """The schemas within a schema. Arrays need one in 2.0."""
    found: dict[str, Any] = {}
    if kind == "array":
        found["items"] = _schema(rules.get("items", {"type": "object"}))
    if "properties" in rules:
        found["properties"] = {name: _schema(each) for name, each in rules["properties"].items()}
    more = rules.get("additionalProperties")
    if isinstance(more, Mapping):
        found["additionalProperties"] = _schema(more)
    return found


def _set_type(found: dict[str, Any]) -> None:
    types = found.get("type")
    if not isinstance(types, list):
        return
    others = [each for each in types if each != "null"]
    if len(others) < len(types):
        found["x-nullable"] = True
    del found["type"]
    if len(others) == 1:
        found["type"] = others[0]


def _any_of(choices: list[Any]) -> dict[str, Any]:
    """The only choice beside null; if there are several, the last one, which is the contract's response."""
    others = [each for each in choices if each != {"type": "null"}]
    return _schema(others[-1]) if len(others) == 1 else {"type": "object"}
