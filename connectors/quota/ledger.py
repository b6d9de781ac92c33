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
    - `blocked_until`, `strikes`: the wait after a 429, and how many came in a row.
    - `horizon`: the longest window any process asked about; nothing younger is forgotten.
    """

    settled: list[float] = field(default_factory=list)
    flights: dict[str, float] = field(default_factory=dict)
    used: dict[str, dict[str, int]] = field(default_factory=lambda: {"day": {}, "month": {}})
    queue: list[tuple[str, float]] = field(default_factory=list)
    blocked_until: float = 0.0
    strikes: int = 0
    horizon: float = 0.0

    def to_json(self) -> str:
        return json.dumps(self.__dict__, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Ledger:
        """Raises `ValueError` for anything that `to_json` did not write."""
        try:
            raw: dict[str, Any] = json.loads(text)
            return cls(
                settled=[float(stamp) for stamp in raw["settled"]],
                flights={str(name): float(stamp) for name, stamp in raw["flights"].items()},
                used={str(period): dict(counts) for period, counts in raw["used"].items()},
                queue=[(str(name), float(promise)) for name, promise in raw["queue"]],
                blocked_until=float(raw["blocked_until"]),
                strikes=int(raw["strikes"]),
                horizon=float(raw["horizon"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a quota ledger: {error}") from error
