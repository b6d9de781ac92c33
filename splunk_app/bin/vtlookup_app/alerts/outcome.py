"""What an alert action did, as Splunk hears of it: an exit status, lines on stderr, a line in the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class AlertOutcome(NamedTuple):
    """`status`: an exit status of the action contract; splunkd takes any but 0 for a failure.

    `warnings` are for people who look why; `figures` for the log. `early`: it was ended before it was done.
    """

    status: int
    figures: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    early: bool = False
