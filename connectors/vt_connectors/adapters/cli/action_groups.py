"""The headings above the actions in the overview of commands. Derived from the registry."""

from __future__ import annotations

from ...actions import Action
from ...actions.registry import LOOKUPS

LOOK_UP = "Look up an indicator"
READ_MORE = "Read more about it"
CHANGE = "Scan, comment and vote (others at VirusTotal can see it)"
LICENSED = "With a licence beyond the free key"


def group_of(action: Action) -> str:
    """The heading above the action."""
    if action in LOOKUPS:
        return LOOK_UP
    if action.licence not in ("free", None):
        return LICENSED
    return CHANGE if action.writes or action.write_params else READ_MORE
