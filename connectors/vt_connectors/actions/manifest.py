"""The registry as a document for machines: bundles for platforms are generated from it."""

from __future__ import annotations

from typing import Any

from .. import __version__
from ..contract import FAILED, MALFORMED, OK, RETRY_LATER, exit_status_of
from ..contract.documents import VERSION
from ..contract.next_steps import all_steps
from ..contract.validation import schema
from ..errors import BY_CODE, ConnectorError
from ..virustotal import licences, relationship_names
from .action import Action
from .further_actions import ACTIONS

_EXIT_STATUSES = {
    OK: "every request was answered; not_found, pending and skipped are answers",
    FAILED: "an action failed permanently",
    MALFORMED: "a request was malformed, or the configuration is wrong",
    RETRY_LATER: "all failures are temporary: try again later",
}


def manifest() -> dict[str, Any]:
    """JSON-ready: what a program needs to know to make requests and to read responses."""
    return {
        "v": VERSION,
        "version": __version__,
        "actions": [entry_of(action) for action in ACTIONS.values()],
        "errors": [_error(kind) for kind in BY_CODE.values()],
        "licences": [{"licence": name, "description": meaning} for name, meaning in licences.NAMES.items()],
        "relationships": {kind: dict(names) for kind, names in relationship_names.NAMES.items()},
        "exit_statuses": [{"exit_status": status, "description": when} for status, when in _EXIT_STATUSES.items()],
        "request": schema("request.json"),
        "response": schema("response.json"),
    }


def entry_of(action: Action) -> dict[str, Any]:
    """One entry of `actions`."""
    return {
        "name": action.name,
        "title": action.title,
        "description": action.about,
        "cost": {"requests": action.requests, "counted": action.counted},
        "licence": action.licence,
        "writes": action.writes,
        "write_params": list(action.write_params),
        "once": action.writes or action.once,
        "params": _marked(action),
        "result": action.result_schema,
        "errors": [_error(BY_CODE[code]) for code in action.errors],
        "examples": [{"request": example_request(action), "command_line": action.command_line}],
    }


def _marked(action: Action) -> dict[str, Any]:
    """The parameters' schema; parameters that make a reading action write are marked with `writes`."""
    known = action.params_schema
    properties = {
        name: {**rules, "writes": True} if name in action.write_params else rules
        for name, rules in known["properties"].items()
    }
    return {**known, "properties": properties}


def _error(kind: type[ConnectorError]) -> dict[str, Any]:
    return {
        "code": kind.code,
        "retryable": kind.retryable,
        "exit_status": exit_status_of(kind.code, retryable=kind.retryable),
        "description": kind.about,
        "next_steps": all_steps(kind.code),
    }


def example_request(action: Action) -> dict[str, Any]:
    """A valid request for the action."""
    return {"v": VERSION, "id": "1", "action": action.name, "params": dict(action.example)}
