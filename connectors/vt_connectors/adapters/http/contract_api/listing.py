"""What the server can do, as documents: the actions with the rights that they need."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from ....actions import ACTIONS
from ....actions.manifest import example_request, manifest
from ..callers import RIGHTS, Caller, Right
from ..rights import refusal

# What is different over HTTP, by action.
NOTES: Mapping[str, str] = {
    "ioc_stream": "Over HTTP the stored position does not move, because the server cannot know whether a reply has "
    "arrived: send the `cursor` of the last answer as `since`.",
    "scan_file": "Over HTTP `path` is refused: send `content_base64`.",
}
_EVERYTHING = Caller("", frozenset(RIGHTS))


@cache
def actions_document() -> Mapping[str, Any]:
    """The manifest of `vtaction describe`, without what concerns processes. Each action has its `rights` in addition,
    and a `note` if something is different over HTTP.
    """
    document = manifest()
    entries = [
        {**entry, "rights": rights_for(entry["name"]), **_note(entry["name"])}
        for entry in document["actions"]
        if is_available(entry["name"])
    ]
    return {**{name: value for name, value in document.items() if name != "exit_statuses"}, "actions": entries}


def _note(name: str) -> Mapping[str, str]:
    return {"note": NOTES[name]} if name in NOTES else {}


def action_document(name: str) -> Any:
    """One entry of it; None if there is no such action."""
    return next((entry for entry in actions_document()["actions"] if entry["name"] == name), None)


def rights_for(name: str) -> list[Right]:
    """The rights without which the action's example is refused; the rules themselves are asked."""
    request = example_request(ACTIONS[name])
    return [right for right in RIGHTS if refusal(request, Caller("", frozenset(RIGHTS) - {right})) is not None]


def is_available(name: str) -> bool:
    """Whether a caller with every right may run the action over HTTP."""
    return refusal(example_request(ACTIONS[name]), _EVERYTHING) is None


def refused_params(name: str) -> list[str]:
    """The parameters that nobody may give over HTTP."""
    params = ACTIONS[name].params_schema["properties"]
    return [each for each in params if refusal({"action": name, "params": {each: "x"}}, _EVERYTHING) is not None]
