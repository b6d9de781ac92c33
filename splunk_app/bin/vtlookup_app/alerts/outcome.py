"""The outcome of an alert action: an exit status, lines on stderr, a line in the log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from vt_connectors import errors

# The exit statuses of the contract; splunkd reports any but 0 as a failure of the action.
OK, FAILED, UNUSABLE, RETRY_LATER = 0, 1, 2, 75


class AlertOutcome(NamedTuple):
    """`warnings` go to stderr, `figures` into the log. `early`: the action was ended before it was finished."""

    status: int
    figures: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    early: bool = False


def status_of(codes: Collection[str]) -> int:
    """The exit status of an action without a result, from the contract's codes of its errors."""
    if "config_error" in codes or "invalid_request" in codes:
        return UNUSABLE
    return RETRY_LATER if set(codes) <= _retryable(errors.ConnectorError) else FAILED


def _retryable(root: type[errors.ConnectorError]) -> set[str]:
    found = {root.code} if root.retryable else set()
    return found.union(*(_retryable(each) for each in root.__subclasses__()))
