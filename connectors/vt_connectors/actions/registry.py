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


def action_of(document: object) -> Action | None:
    """The action that a request document names, or None if there is no such action."""
    name = document.get("action") if isinstance(document, Mapping) else None
    return ACTIONS.get(name) if isinstance(name, str) else None


def interrupted(action: Action | None, why: str, error: ConnectorError, *, has_begun: bool) -> ConnectorError:
    """The error of an action that was interrupted: `error`, or `OutcomeUnknown` if it may have changed something."""
    if has_begun and action is not None and action.writes:
        return OutcomeUnknown(f"{why}; it was not repeated")
    return error
