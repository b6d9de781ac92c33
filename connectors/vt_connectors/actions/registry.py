"""All actions. Manifest, documentation, command line, Python's `run` and the exports derive from their table.

CONTRIBUTING.md says how to add one.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ConnectorError, OutcomeUnknown, UnknownAction
from .action import Action
from .action_table import TABLE
from .further_actions import FURTHER

ACTIONS: dict[str, Action] = {action.name: action for action in (*TABLE, *FURTHER)}


def find(name: str) -> Action:
    """Raises `UnknownAction`, which lists all actions."""
    action = ACTIONS.get(name)
    if action is None:
        from ..contract.nearest import nearest

        meant = nearest(name, ACTIONS)
        hint = f"did you mean {meant!r}? " if meant else ""
        message = f"unknown action {name[:60]!r}; {hint}See details.actions"
        raise UnknownAction(message, details={"actions": sorted(ACTIONS)})
    return action


def is_write(document: object) -> bool:
    """Whether a request document asks for something that changes something at VirusTotal. It may be invalid."""
    if not isinstance(document, Mapping):
        return False
    name, params = document.get("action"), document.get("params")
    action = ACTIONS.get(name) if isinstance(name, str) else None
    return action is not None and action.writes_with(params if isinstance(params, Mapping) else {})


def interrupted(why: str, error: ConnectorError, *, may_have_written: bool) -> ConnectorError:
    """The error of an action that was interrupted: `error`, or `OutcomeUnknown` if it may have changed something."""
    return OutcomeUnknown(f"{why}; it was not repeated") if may_have_written else error
