"""Injected faults: their kinds, and their shares of the responses."""

from __future__ import annotations

import math
import random
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass

_STATUS = re.compile(r"[2-5][0-9]{2}", re.ASCII)
# `reset`: the connection breaks before the response; `cut`: in the middle of it; `html`: a proxy's page with a 200;
# `garbage`: truncated JSON; `slow`: a body that arrives slowly.
MISHAPS = ("reset", "cut", "html", "garbage", "slow")


@dataclass(frozen=True)
class Fault:
    """`what`: an HTTP status, or one of `MISHAPS`. `share`: of the responses, from 0 to 1. Else ValueError."""

    what: str
    share: float

    def __post_init__(self) -> None:
        if self.what not in MISHAPS and (not _STATUS.fullmatch(self.what) or self.what == "200"):
            raise ValueError(f"{self.what!r} is neither an HTTP status such as 503 nor one of {', '.join(MISHAPS)}")
        if not 0 <= self.share <= 1:
            raise ValueError(f"the share of {self.what} is not a number from 0 to 1, as in {self.what}:0.1")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Parse a text such as `503:0.1` or `reset:0.05`. ValueError, with the reason, for anything else."""
        what, _, share = text.strip().partition(":")
        try:
            number = float(share)
        except ValueError:
            number = math.nan
        return cls(what, number)


def check_shares(faults: Sequence[Fault]) -> None:
    """ValueError if the sum of all shares is more than 1."""
    if math.fsum(fault.share for fault in faults) > 1 + 1e-9:
        raise ValueError("the shares of all faults together are more than 1")


class FaultSource:
    """Draws a fault for each response; the same sequence for the same `seed`."""

    def __init__(self, faults: Sequence[Fault], seed: int | None) -> None:
        self._faults = tuple(faults)
        self._chance = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
        self._lock = threading.Lock()

    def draw(self) -> str | None:
        """The fault for the next response, or None."""
        if not self._faults:
            return None
        with self._lock:
            drawn = self._chance.random()
        for fault in self._faults:
            drawn -= fault.share
            if drawn < 0:
                return fault.what
        return None
