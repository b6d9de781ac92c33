"""The outcome of an alert action: an exit status, lines on stderr, a line in the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class AlertOutcome(NamedTuple):
    """`status`: an exit status of the contract; splunkd reports any but 0 as a failure of the action.

    `warnings` go to stderr, `figures` into the log. `early`: the action was ended before it was finished.
    """

    status: int
    figures: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    early: bool = False
