"""What is written down of one key's requests. Plain data; the rules are in `policy`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from . import buckets
from .buckets import Buckets
from .waiters import Waiter

# Bytes of JSON. With 20,000 waiters a ledger has a tenth of it.
MOST_BYTES = 16 * 1024 * 1024


@dataclass
class Ledger:
    """All times are epoch seconds.

    - `settled`: the latest moment at which VirusTotal may have counted each finished request, in order. Of many
      requests, those that finished last.
    - `older`: the others.
    - `flights`: the same for requests under way; their owners push it on as long as they live.
    - `used`: requests by period (`day`, `month`) and its key.
    - `queue`: the waiters and the places that are kept, first come first.
    - `granted`: how many slots were given to waiters, ever.
    - `interactive_in_a_row`: how many interactive clients were served since a batch was, while a batch waits.
    - `blocked_until`, `blocked_for`, `strikes`: the wait after a 429, how long it was, and how many came in a row.
    - `horizon`: the longest window any process asked about; nothing younger is forgotten. 0: nobody has any window,
      and no request is written down.
    - `lengths`: those of all sliding windows that processes asked about, in seconds.
    - `lost_at`: what was used before is unknown, as the book before this one was lost.
    - `inherited_until`: of a record in place of the shared one: that one granted what finished before. Else 0.
    - `apart_s`: by how much the clocks of those who use the ledger may differ.
    - `boot`, `booted_at`: the machine's run in which this was written, and when that began by the clock as it was set.
    """

    settled: list[float] = field(default_factory=list)
    older: Buckets = buckets.NONE
    flights: dict[str, float] = field(default_factory=dict)
    used: dict[str, dict[str, int]] = field(default_factory=lambda: {"day": {}, "month": {}})
    queue: list[Waiter] = field(default_factory=list)
    granted: int = 0
    interactive_in_a_row: int = 0
    blocked_until: float = 0.0
    blocked_for: float = 0.0
    strikes: int = 0
    horizon: float = 0.0
    lengths: list[float] = field(default_factory=list)
    lost_at: float = 0.0
    inherited_until: float = 0.0
    apart_s: float = 0.0
    boot: str = ""
    booted_at: float = 0.0

    def copy(self) -> Ledger:
        return replace(
            self,
            settled=list(self.settled),
            flights=dict(self.flights),
            used={period: dict(counts) for period, counts in self.used.items()},
            queue=list(self.queue),
            lengths=list(self.lengths),
        )

    def to_json(self) -> str:
        return json.dumps({**self.__dict__, "older": self.older.text}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: bytes) -> Ledger:
        """Raises `ValueError` for anything that `to_json` did not write. Earlier versions' ledgers have no buckets."""
        if len(text) > MOST_BYTES:
            raise ValueError(f"not a quota ledger: it has {len(text)} bytes")
        try:
            raw: dict[str, Any] = json.loads(text, parse_constant=_refuse)
            return cls(
                settled=sorted(float(stamp) for stamp in raw["settled"]),
                older=buckets.parse(str(raw.get("older", ""))),
                flights={str(name): float(stamp) for name, stamp in raw["flights"].items()},
                used={period: _counts(raw["used"][period]) for period in ("day", "month")},
                queue=[_waiter(*row) for row in raw["queue"]],
                granted=int(raw.get("granted", 0)),
                interactive_in_a_row=int(raw.get("interactive_in_a_row", 0)),
                blocked_until=float(raw["blocked_until"]),
                blocked_for=float(raw["blocked_for"]),
                strikes=int(raw["strikes"]),
                horizon=float(raw["horizon"]),
                lengths=sorted(float(length) for length in raw.get("lengths", [])),
                lost_at=float(raw["lost_at"]),
                inherited_until=float(raw.get("inherited_until", 0.0)),
                apart_s=float(raw.get("apart_s", 0.0)),
                boot=str(raw["boot"]),
                booted_at=float(raw["booted_at"]),
            )
        except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
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
