"""The registry as a JSON manifest, as a Markdown table, and as sample requests."""

from __future__ import annotations

import json

from ...actions import ACTIONS, Action
from ...actions.manifest import example_request, manifest


def manifest_text() -> str:
    """The manifest as JSON."""
    return json.dumps(manifest(), indent=2)


def sample(name: str) -> str:
    """A valid request for the action, on one line."""
    return json.dumps(example_request(ACTIONS[name]))


def markdown_table() -> str:
    rows = ["| action | what it does | params | requests |", "|---|---|---|---|"]
    for action in ACTIONS.values():
        rows.append(f"| `{action.name}` | {action.about} | {_params(action)} | {action.requests} |")
    return "\n".join(rows)


def _params(action: Action) -> str:
    known = action.params_schema
    names = [f"`{name}`" + ("" if name in known["required"] else " (optional)") for name in known["properties"]]
    return ", ".join(names) or "-"
