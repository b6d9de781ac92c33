"""The OpenAPI 3.1 document, generated from the registry and `schemas/`. Those schemas are draft-07."""

from __future__ import annotations

from functools import cache
from typing import Any

from .... import __version__
from ....actions import Action
from .operations import action_operation, batch_operation, describing_operation, reading_operations, run_operation
from .schemas import available_actions, component_schemas

_ABOUT = """The action contract over HTTP: one cache and one quota of VirusTotal for all tools.

A reply is 200 with the response document whatever the action's outcome: read its `status` and `error`. With
`Prefer: status` or `?http_status=1` the HTTP status is the outcome's. Refusals of the server itself have another form:
`{"error": {"code", "message"}}`."""
_DIALECT = "http://json-schema.org/draft-07/schema#"


@cache
def document() -> dict[str, Any]:
    """JSON-ready, and the same for all callers: do not change it."""
    paths: dict[str, Any] = {
        "/v1/run": {"post": run_operation()},
        "/v1/batch": {"post": batch_operation()},
        **reading_operations(),
        **{f"/v1/actions/{action.name}": _of_action(action) for action in available_actions()},
    }
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": _DIALECT,
        "info": {
            "title": "vtaction serve",
            "version": __version__,
            "summary": "VirusTotal for every tool that speaks HTTP",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "actions", "description": "One operation for each action"},
            {"name": "documents", "description": "Request documents of the contract, single or many"},
            {"name": "server", "description": "What the server can do, and the quota"},
        ],
        "security": [{"bearer": []}, {"apikey": []}],
        "paths": paths,
        "components": {
            "schemas": component_schemas(),
            "parameters": _parameters(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token of this server"},
                "apikey": {"type": "apiKey", "in": "header", "name": "x-apikey", "description": "The same token"},
            },
        },
    }


def _of_action(action: Action) -> dict[str, Any]:
    return {"get": describing_operation(action), "post": action_operation(action)}


def _parameters() -> dict[str, Any]:
    return {
        "http_status": {
            "name": "http_status",
            "in": "query",
            "description": "1: the HTTP status is the outcome's; otherwise it is 200",
            "schema": {"type": "string", "enum": ["0", "1", "false", "true"], "default": "0"},
        },
        "prefer": {
            "name": "Prefer",
            "in": "header",
            "description": "`status`: as `http_status=1`",
            "schema": {"type": "string", "examples": ["status"]},
        },
        "idempotency_key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "A text of your own for this write. Repeated with the same text within 24 hours, it is not "
            "performed again: the first answer is returned",
            "schema": {
                "type": "string",
                "pattern": "^[!#-~]{1,255}$",
                "examples": ["8e03978e-40d5-43e8-bc93-6894a57f9324"],
            },
        },
    }
