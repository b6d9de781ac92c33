"""The registry as a JSON manifest, as Markdown tables, and as sample requests."""

from __future__ import annotations

import json

from ...actions import ACTIONS, Action
from ...actions.manifest import entry_of, example_request, manifest

_KINDS = {"hash": "file", "url": "URL", "domain": "domain", "ip": "IP address"}


def manifest_text(name: str | None = None) -> str:
    """The manifest as JSON, or only its entry for the action `name`."""
    return json.dumps(entry_of(ACTIONS[name]) if name else manifest(), indent=2)


def sample(name: str) -> str:
    """A valid request for the action, on one line."""
    return json.dumps(example_request(ACTIONS[name]))


def markdown_table() -> str:
    """The actions."""
    rows = ["| action | what it does | params | requests | licence |", "|---|---|---|---|---|"]
    for action in ACTIONS.values():
        licence = "depends on the params" if action.licence is None else action.licence
        rows.append(f"| `{action.name}` | {action.about} | {_params(action)} | {action.requests} | {licence} |")
    return "\n".join(rows)


def relationships_table() -> str:
    """The names of relationships: for each kind of indicator, the licence that the name needs."""
    names = manifest()["relationships"]
    rows = [f"| relationship | {' | '.join(_KINDS.values())} |", "|---" * (len(_KINDS) + 1) + "|"]
    for name in sorted({name for of_kind in names.values() for name in of_kind}):
        rows.append(f"| `{name}` | {' | '.join(names[kind].get(name, '') for kind in _KINDS)} |")
    return "\n".join(rows)


def errors_table() -> str:
    """The error codes, their exit statuses, and what to do next."""
    rows = ["| code | exit status | next steps |", "|---|---|---|"]
    for entry in manifest()["errors"]:
        rows.append(f"| `{entry['code']}` | {entry['exit_status']} | {' '.join(entry['next_steps'])} |")
    return "\n".join(rows)


def licences_table() -> str:
    """The licences, and what they are called at VirusTotal."""
    told = [(entry["licence"], entry["description"]) for entry in manifest()["licences"]]
    rows = ["| licence | needs |", "|---|---|"]
    return "\n".join(rows + [f"| {name} | {meaning} |" for name, meaning in told])


def _params(action: Action) -> str:
    known = action.params_schema
    names = [f"`{name}`" + ("" if name in known["required"] else " (optional)") for name in known["properties"]]
    return ", ".join(names) or "-"
