"""A response held to what the registry says of its action."""

from __future__ import annotations

from vt_connectors.actions import ACTIONS
from vt_connectors.contract.response import Response
from vt_connectors.contract.validation import violation


def wrong_with(response: Response) -> str | None:
    """What the registry does not say of `response`, which answers an action of its own; None if nothing."""
    assert response["action"] is not None
    action = ACTIONS[response["action"]]
    if response["error"] is not None:
        code = response["error"]["code"]
        return None if code in action.errors else f"{action.name} is not said to fail with {code}"
    found = violation(f"results/{action.name}.json", response["data"])
    return None if found is None else f"{action.name}: data{found.path} {found.message}"
