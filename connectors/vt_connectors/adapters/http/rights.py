"""What a caller may do: the only place that decides it, for all faces."""

from __future__ import annotations

from typing import Any

from ...actions import ACTIONS
from ...errors import ConnectorError, Forbidden
from .callers import Caller


def refusal(document: Any, caller: Caller) -> ConnectorError | None:
    """The error if this caller's request is refused; None if the core should answer it."""
    name = document.get("action") if isinstance(document, dict) else None
    if isinstance(name, str) and name in ACTIONS and "read" not in caller.rights:
        return Forbidden("the token lacks the right read")
    return None
