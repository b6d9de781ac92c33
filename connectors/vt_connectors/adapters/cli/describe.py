"""The table of actions as a manifest for machines, as a table for the documentation, and as samples."""

from __future__ import annotations

import json
from typing import Any

from ...actions import ACTIONS, Action
from ...contract.documents import VERSION
from ...contract.validation import schema
from ...version import __version__


def manifest() -> str:
    """JSON: the contract's version, the schemas of request and response, and every action."""
    content = {
        "v": VERSION,
        "version": __version__,
        "actions": [_entry(action) for action in ACTIONS.values()],
        "request": schema("request.json"),
        "response": schema("response.json"),
    }
    return json.dumps(content, indent=2)


def _entry(action: Action) -> dict[str, Any]:
    return {
        "name": action.name,
        "description": action.about,
        "requests": action.requests,
        "writes": action.writes,
        "params": action.params_schema,
        "example": _request(action),
    }


def _request(action: Action) -> dict[str, Any]:
    return {"v": VERSION, "id": "1", "action": action.name, "params": dict(action.example)}


def sample(name: str) -> str:
    """A valid request for the action, on one line."""
    return json.dumps(_request(ACTIONS[name]))


def markdown_table() -> str:
    rows = ["| action | what it does | params | requests |", "|---|---|---|---|"]
    for action in ACTIONS.values():
        rows.append(f"| `{action.name}` | {action.about} | {_params(action)} | {action.requests} |")
    return "\n".join(rows)


def _params(action: Action) -> str:
    known = action.params_schema
    names = [f"`{name}`" + ("" if name in known["required"] else " (optional)") for name in known["properties"]]
    return ", ".join(names) or "-"
