"""The tools that an MCP client sees: one for each action of the registry that it may use. Knows no SDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...actions import ACTIONS, Action
from ...contract.validation import schema
from ..server.rights import Right, needs_of

# They take something away or replace it; all other writes add.
DESTRUCTIVE = frozenset(("delete_comment", "download_file"))
# They write a file on this machine.
_WRITES_FILES = frozenset(("download_file",))
# A parameter with the path of a file on this machine, and whether the action makes no sense without it.
_PATHS: Mapping[str, tuple[str, bool]] = {"scan_file": ("path", False), "download_file": ("path", True)}
# What makes schemas long and says nothing to a client.
_LEFT_OUT = frozenset(("$schema", "examples", "title"))


class Tool(NamedTuple):
    """Hints as MCP defines them. `params`: the names that may be given."""

    name: str
    title: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]
    read_only: bool
    idempotent: bool
    destructive: bool

    @property
    def params(self) -> frozenset[str]:
        return frozenset(self.input_schema["properties"])


def tools(rights: frozenset[Right], *, has_folder: bool) -> dict[str, Tool]:
    """By name. `has_folder`: files of a folder of this machine may be sent, and written into it."""
    return {
        action.name: _tool(action, rights, has_folder)
        for action in ACTIONS.values()
        if needs_of(action).right in rights and (has_folder or not _PATHS.get(action.name, ("", False))[1])
    }


def _tool(action: Action, rights: frozenset[Right], has_folder: bool) -> Tool:
    read_only = not action.writes and action.name not in _WRITES_FILES
    return Tool(
        name=action.name,
        title=action.title,
        description=_description(action),
        input_schema=_input_schema(action, rights, has_folder),
        output_schema=_output_schema(action),
        read_only=read_only,
        idempotent=read_only and not action.once,
        destructive=action.name in DESTRUCTIVE,
    )


def _description(action: Action) -> str:
    """What a model needs to choose: what it does, what it costs, and what publishes something."""
    cost = f"Costs {action.requests} of VirusTotal's quota, or nothing if the answer is cached."
    if not action.counted:
        cost = "Costs nothing of VirusTotal's quota."
    published = " What is sent is published at VirusTotal." if action.writes else ""
    return f"{action.about}. {cost}{published}"


def _input_schema(action: Action, rights: frozenset[Right], has_folder: bool) -> dict[str, Any]:
    """Without parameters that make a read write, need a right that is not there, or name a file of this machine."""
    left_out = set(action.write_params)
    left_out |= {param for param, right in needs_of(action).with_params if right not in rights}
    if not has_folder and action.name in _PATHS:
        left_out.add(_PATHS[action.name][0])
    known = action.params_schema
    properties = {name: rules for name, rules in known["properties"].items() if name not in left_out}
    return {**{name: rules for name, rules in known.items() if name != "$schema"}, "properties": properties}


def _output_schema(action: Action) -> dict[str, Any]:
    """Of the structured content: `data` is the action's own result, and null beside an `error`."""
    known = schema("response.json")["properties"]
    properties = {
        "status": known["status"],
        "summary": known["summary"],
        "data": {"anyOf": [action.result_schema, {"type": "null"}]},
        "source": {"type": ["string", "null"], "description": "cache or api"},
        "age_s": {"type": ["number", "null"], "description": "age of the answer in seconds"},
    }
    return {
        "type": "object",
        "required": ["status", "summary", "data"],
        "properties": {name: _shortened(rules) for name, rules in properties.items()},
    }


def _shortened(rules: Any) -> Any:
    if isinstance(rules, list):
        return [_shortened(each) for each in rules]
    if not isinstance(rules, dict):
        return rules
    # A property may be called `title` too, and its rules are an object.
    return {
        name: _shortened(value) for name, value in rules.items() if name not in _LEFT_OUT or isinstance(value, dict)
    }
