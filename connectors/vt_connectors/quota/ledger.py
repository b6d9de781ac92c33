"""The record of one key's requests. Plain data; the rules are in `policy`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from . import buckets
from .buckets import Buckets
from .shares import Shares
from .waiters import Waiter

# Bytes of JSON. With 20,000 waiters a ledger has a tenth of it.
MOST_BYTES = 16 * 1024 * 1024


@dataclass
class Ledger:
    """All times are epoch seconds, all durations seconds.

    - `settled`: for each of the newest finished requests, the latest moment at which VirusTotal may have counted it.
    - `older`: the finished requests before these, in buckets.
    - `in_flight`: the same moment for each request that was sent; its owner renews it as long as it lives.
    - `used`: the number of requests by period (`day`, `month`) and its key.
    - `queue`: the waiters and the reserved places, in order of arrival.
    - `granted`: the number of reservations given to waiters, ever.
    - `interactive_in_a_row`: the interactive clients served since the last batch, while a batch waits.
    - `blocked_until`, `blocked_for`, `consecutive_429s`: the pause after a 429, its length, and the 429s in a row.
    - `longest_window_s`: the longest window that any process has used. No younger request is dropped. 0: no process has
      a window, and no request is recorded.
    - `lengths`: the lengths of all sliding windows that processes have used.
    - `reset_at`: the use before this moment is unknown, because the record before this one was lost.
    - `inherited_until`: in a substitute record, the shared record granted the requests that finished before. Else 0.
    - `max_clock_skew_s`: the largest difference between the clocks of the processes that use the ledger.
    - `positions`: where the last poll of each stream of notifications ended, by the stream's name.
    - `shares`: the shares of clients in days and months, and what these clients have used.
    - `boot`, `booted_at`: the boot of the machine when the ledger was written, and the time of that boot.
    """

    settled: list[float] = field(default_factory=list)
    older: Buckets = buckets.NONE
    in_flight: dict[str, float] = field(default_factory=dict)
    used: dict[str, dict[str, int]] = field(default_factory=lambda: {"day": {}, "month": {}})
    queue: list[Waiter] = field(default_factory=list)
    granted: int = 0
    interactive_in_a_row: int = 0
    blocked_until: float = 0.0
    blocked_for: float = 0.0
    consecutive_429s: int = 0
    longest_window_s: float = 0.0
    lengths: list[float] = field(default_factory=list)
    reset_at: float = 0.0
    inherited_until: float = 0.0
    max_clock_skew_s: float = 0.0
    positions: dict[str, str] = field(default_factory=dict)
    shares: Shares = field(default_factory=Shares)
    boot: str = ""
    booted_at: float = 0.0

    def copy(self) -> Ledger:
        return replace(
            self,
            settled=list(self.settled),
            in_flight=dict(self.in_flight),
            used={period: dict(counts) for period, counts in self.used.items()},
            queue=list(self.queue),
            lengths=list(self.lengths),
            positions=dict(self.positions),
            shares=self.shares.copy(),
        )

    def to_json(self) -> str:
        fields = {**self.__dict__, "older": self.older.text, "shares": self.shares.__dict__}
        if not self.shares:
            del fields["shares"]
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: bytes) -> Ledger:
        """Raises `ValueError` for anything that `to_json` did not write. Earlier versions' ledgers lack some fields."""
        if len(text) > MOST_BYTES:
            raise ValueError(f"not a quota ledger: it has {len(text)} bytes")
        try:
            raw: dict[str, Any] = json.loads(text, parse_constant=_refuse)
            return cls(
                settled=sorted(float(stamp) for stamp in raw["settled"]),
                older=buckets.parse(str(raw.get("older", ""))),
                in_flight={str(name): float(stamp) for name, stamp in raw["in_flight"].items()},
                used={period: _counts(raw["used"][period]) for period in ("day", "month")},
                queue=[_waiter(*row) for row in raw["queue"]],
                granted=int(raw.get("granted", 0)),
                interactive_in_a_row=int(raw.get("interactive_in_a_row", 0)),
                blocked_until=float(raw["blocked_until"]),
                blocked_for=float(raw["blocked_for"]),
                consecutive_429s=int(raw["consecutive_429s"]),
                longest_window_s=float(raw["longest_window_s"]),
                lengths=sorted(float(length) for length in raw.get("lengths", [])),
                reset_at=float(raw["reset_at"]),
                inherited_until=float(raw.get("inherited_until", 0.0)),
                max_clock_skew_s=float(raw.get("max_clock_skew_s", 0.0)),
                positions={str(name): str(place) for name, place in raw.get("positions", {}).items()},
                shares=Shares.from_raw(raw.get("shares")),
                boot=str(raw["boot"]),
                booted_at=float(raw["booted_at"]),
            )
        except (LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(f"not a quota ledger: {error}") from error


def _waiter(
    ticket: Any,
    promise: Any,
    client: Any = "",
    batch: Any = False,
    due: Any = 0.0,
    about: Any = "",
    latest: Any = 0,
) -> Waiter:
    return Waiter(str(ticket), float(promise), str(client), bool(batch), float(due), str(about), int(latest))


def _counts(raw: dict[str, Any]) -> dict[str, int]:
    return {str(key): int(count) for key, count in raw.items()}


def _refuse(constant: str) -> float:
    raise ValueError(f"not a quota ledger: {constant}")
