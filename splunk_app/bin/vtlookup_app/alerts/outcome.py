"""What an alert action did, as Splunk hears of it: an exit status, lines on stderr, a line in the log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from vt_connectors import errors

# The action contract's; splunkd tells any but 0 as a failure of the action.
OK, FAILED, UNUSABLE, RETRY_LATER = 0, 1, 2, 75


class AlertOutcome(NamedTuple):
    """`warnings` are for people who look why; `figures` for the log. `early`: it was ended before it was done."""

    status: int
    figures: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    early: bool = False


def status_of(codes: Collection[str]) -> int:
    """Of an action that came to nothing, by the contract's codes of its errors."""
    if "config_error" in codes or "invalid_request" in codes:
        return UNUSABLE
    return RETRY_LATER if set(codes) <= _retryable(errors.ConnectorError) else FAILED


def _retryable(root: type[errors.ConnectorError]) -> set[str]:
    found = {root.code} if root.retryable else set()
    return found.union(*(_retryable(each) for each in root.__subclasses__()))
