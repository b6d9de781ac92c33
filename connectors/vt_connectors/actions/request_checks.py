"""Checks of a request document for which the action must be known: parameters that are null, or in the wrong place."""

from __future__ import annotations

from ..contract.documents import Request
from ..errors import InvalidRequest
from ..light_typing import TYPE_CHECKING, Any
from .registry import action_named, find

if TYPE_CHECKING:
    from ..redaction import KeyGuard


def check_params(document: Any, request: Request, guard: KeyGuard) -> None:
    """Raises `ConnectorError`."""
    if None in document["params"].values():
        _check_nulls(document["params"], request, guard)
    _check_places(document, request, guard)


def _check_nulls(params: Any, request: Request, guard: KeyGuard) -> None:
    """Check the names of parameters that are null, which `request` does not have."""
    guard.refuse(request.action, params, request.api_key)
    find(request.action).check(params)


def _check_places(document: Any, request: Request, guard: KeyGuard) -> None:
    """Check the parameters if some are beside `params`. The error says so."""
    action = action_named(request.action)
    beside = [name for name in action.params_schema["properties"] if name in document] if action else []
    if action is None or not beside:
        return
    guard.refuse(request.action, request.params, request.api_key)
    try:
        action.check(request.params)
    except InvalidRequest as error:
        advice = f'the request has {beside[0]} beside params: write "params": {{"{beside[0]}": ...}}'
        raise InvalidRequest(f"{error.message}; {advice}", details=error.details) from None
