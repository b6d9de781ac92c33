"""The commands of the pack, from the registry's actions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from package.bundles.manifest import Action, Field, Manifest, Param
from vt_connectors.adapters.soar.xsoar_arguments import Command
from vt_connectors.adapters.soar.xsoar_indicators import CLASSES

# XSOAR calls these itself to enrich indicators: action, command (and argument), kind.
_REPUTATION = {
    "lookup_hash": ("file", "hash"),
    "lookup_url": ("url", "url"),
    "lookup_domain": ("domain", "domain"),
    "lookup_ip": ("ip", "ip"),
}
# What a command takes a list of, if the parameter is required.
_LISTED = ("value", "hash", "url", "domain", "ip", "indicator", "analysis_id", "comment_id")
# `vtaction serve` refuses it for everybody: it would write a file of the server.
_LEFT_OUT = ("download_file",)
# A file is taken from the War Room; the server reads no path for a client.
_FILE, _ENTRY, _FILE_PARAMS = "scan_file", "entry_id", ("path", "content_base64", "filename")
# Only with options that the commands do not offer.
_NEVER_THERE = ("raw", "engines")
_SCANS = ("scan_file", "scan_url", "rescan", "rescan_file", "get_analysis")


class PackCommand(NamedTuple):
    """A command with what it was made from. `params` and `fields`: those that it offers.

    `polls`: it begins scans, or asks about them, and waits for their end unless told otherwise.
    """

    name: str
    command: Command
    action: Action
    params: tuple[Param, ...]
    fields: tuple[Field, ...]
    polls: bool


def commands(manifest: Manifest) -> list[PackCommand]:
    """The four that XSOAR knows first, then the others by name."""
    made = [_command(action) for action in manifest.actions if action.name not in _LEFT_OUT]
    return sorted(made, key=lambda one: (not one.command.kind, one.name))


def _command(action: Action) -> PackCommand:
    name, kind = _REPUTATION.get(action.name, (f"vt-{_shortened(action.name).replace('_', '-')}", ""))
    params = tuple(param for param in action.params if action.name != _FILE or param.name not in _FILE_PARAMS)
    value = next((param.name for param in params if param.required and param.name in _LISTED), "")
    argument = name if kind else value
    if action.name == _FILE:
        argument, value = "entryID", _ENTRY
    command = Command(
        action=action.name,
        output=CLASSES[kind] if kind else "".join(word.title() for word in _shortened(action.name).split("_")),
        params={param.name: param.type + "[]" * param.is_list for param in params},
        argument=argument,
        value=value,
        kind=kind,
    )
    return PackCommand(name, command, action, params, tuple(_fields(action, command)), action.name in _SCANS)


def _shortened(action: str) -> str:
    """Without the prefix that commands have anyway."""
    return action[len("vt_") :] if action.startswith("vt_") else action


def _fields(action: Action, command: Command) -> Iterator[Field]:
    for field in action.fields:
        first = field.path.split(".")[0]
        # Facts about the indicator come with the commands that score it.
        if first not in _NEVER_THERE and (first != "context" or command.kind):
            yield field
