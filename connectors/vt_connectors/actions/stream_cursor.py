"""A position in a stream of notifications. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime, timezone
from typing import NamedTuple

from ..clock import iso
from ..errors import InvalidRequest

# How far back the first poll of a stream begins.
FIRST_S = 24 * 3600.0
_PREFIX = "v1."
# Clocks differ.
_AHEAD_S = 300.0
_MOST_SEEN = 2000


class Cursor(NamedTuple):
    """Everything before `epoch` (whole seconds), and the notifications `seen` from that second on, were read."""

    epoch: int
    seen: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The contract's `cursor`. The text of a later position sorts after that of an earlier one."""
        seen = base64.urlsafe_b64encode(json.dumps(self.seen).encode()).decode().rstrip("=")
        return f"{_PREFIX}{iso(self.epoch)}.{seen}"

    def after(self, date: int | None, number: str) -> Cursor:
        """The position after the notification `number` of `date`. One without a date, or with an earlier one, belongs
        to the current second.
        """
        if date is not None and date > self.epoch:
            return Cursor(date, (number,))
        return Cursor(self.epoch, (*self.seen, number)[-_MOST_SEEN:])


def read_since(value: str | None, now: float) -> Cursor:
    """The position for a cursor or a time in ISO 8601 (UTC without a zone); None: a day before `now` (epoch seconds).

    Raises `InvalidRequest`.
    """
    if value is None:
        return Cursor(int(now - FIRST_S))
    found = _cursor(value) if value.startswith(_PREFIX) else Cursor(_epoch(value))
    if found.epoch > now + _AHEAD_S:
        raise InvalidRequest(
            f"/params/since is in the future: {iso(found.epoch)}; give the time from which on you want notifications",
            details={"path": "/params/since"},
        )
    return found


def _cursor(value: str) -> Cursor:
    moment, _, seen = value[len(_PREFIX) :].partition(".")
    try:
        padded = seen + "=" * (-len(seen) % 4)
        told = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _refused() from None
    if not isinstance(told, list) or not all(isinstance(number, str) for number in told) or len(told) > _MOST_SEEN:
        raise _refused()
    return Cursor(_epoch(moment), tuple(told))


def _epoch(value: str) -> int:
    text = value.strip()
    try:
        # Python before 3.11 does not read the Z.
        moment = datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in "zZ" else text)
        found = int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp())
    except (ValueError, OverflowError):
        raise _refused() from None
    if found < 0:
        raise _refused()
    return found


def _refused() -> InvalidRequest:
    return InvalidRequest(
        "/params/since is neither a time such as 2026-01-02T03:04:05Z nor the cursor of an answer",
        details={"path": "/params/since"},
    )
