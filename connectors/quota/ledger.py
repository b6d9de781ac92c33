"""What is written down of one key's requests. Plain data; the rules are in `policy`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Ledger:
    """All times are epoch seconds.

    - `settled`: the latest moment at which VirusTotal may have counted each finished request, in order.
    - `flights`: the same for requests under way; their owners push it on as long as they live.
    - `used`: requests by period (`day`, `month`) and its key.
    - `queue`: who waits, first come first; with each, the moment by which it looks in again, or is dead.
    - `blocked_until`, `blocked_for`, `strikes`: the wait after a 429, how long it was, and how many came in a row.
    - `horizon`: the longest window any process asked about; nothing younger is forgotten. 0: nobody has any window,
      and no request is written down.
    - `lost_at`: what was used before is unknown, as the book before this one was lost.
    - `apart_s`: by how much the clocks of those who use the ledger may differ.
    - `boot`, `booted_at`: the machine's run in which this was written, and when that began by the clock as it was set.
    """

    settled: list[float] = field(default_factory=list)
    flights: dict[str, float] = field(default_factory=dict)
    used: dict[str, dict[str, int]] = field(default_factory=lambda: {"day": {}, "month": {}})
    queue: list[tuple[str, float]] = field(default_factory=list)
    blocked_until: float = 0.0
    blocked_for: float = 0.0
    strikes: int = 0
    horizon: float = 0.0
    lost_at: float = 0.0
    apart_s: float = 0.0
    boot: str = ""
    booted_at: float = 0.0

    def to_json(self) -> str:
        return json.dumps(self.__dict__, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: bytes) -> Ledger:
        """Raises `ValueError` for anything that `to_json` did not write."""
        try:
            raw: dict[str, Any] = json.loads(text, parse_constant=_refuse)
            return cls(
                settled=sorted(float(stamp) for stamp in raw["settled"]),
                flights={str(name): float(stamp) for name, stamp in raw["flights"].items()},
                used={period: _counts(raw["used"][period]) for period in ("day", "month")},
                queue=[(str(name), float(promise)) for name, promise in raw["queue"]],
                blocked_until=float(raw["blocked_until"]),
                blocked_for=float(raw["blocked_for"]),
                strikes=int(raw["strikes"]),
                horizon=float(raw["horizon"]),
                lost_at=float(raw["lost_at"]),
                apart_s=float(raw.get("apart_s", 0.0)),
                boot=str(raw["boot"]),
                booted_at=float(raw["booted_at"]),
            )
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a quota ledger: {error}") from error


def _counts(raw: dict[str, Any]) -> dict[str, int]:
    return {str(key): int(count) for key, count in raw.items()}


def _refuse(constant: str) -> float:
    raise ValueError(f"not a quota ledger: {constant}")
