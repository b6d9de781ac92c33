"""Bad days on purpose: what goes wrong, and in which share of the answers."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass

_STATUS = re.compile(r"[2-5][0-9]{2}")
# `reset`: the connection breaks before an answer; `cut`: in the middle of one; `html`: a proxy's page with a 200;
# `garbage`: JSON that breaks off; `slow`: a body that trickles.
MISHAPS = ("reset", "cut", "html", "garbage", "slow")


@dataclass(frozen=True)
class Fault:
    """`what`: an HTTP status, or one of `MISHAPS`. `share`: of the answers, from 0 to 1."""

    what: str
    share: float

    @classmethod
    def parse(cls, text: str) -> Fault:
        """`503:0.1`, `reset:0.05`. Raises `ValueError`, which says what is wrong."""
        what, _, share = text.strip().partition(":")
        if what not in MISHAPS and not (_STATUS.fullmatch(what) and what != "200"):
            raise ValueError(f"{text!r}: name an HTTP status such as 503, or one of {', '.join(MISHAPS)}")
        try:
            number = float(share)
        except ValueError:
            number = -1.0
        if not 0 <= number <= 1:
            raise ValueError(f"{text!r}: after the colon comes the share of the answers, from 0 to 1, as in {what}:0.1")
        return cls(what, number)


class Misfortune:
    """Draws a fault for each answer; the same ones in the same order for the same `seed`."""

    def __init__(self, faults: Sequence[Fault], seed: int | None) -> None:
        if sum(fault.share for fault in faults) > 1:
            raise ValueError("the shares of all faults together are more than 1")
        self._faults = tuple(faults)
        self._chance = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
        self._lock = threading.Lock()

    def draw(self) -> str | None:
        """What goes wrong this time, or None."""
        if not self._faults:
            return None
        with self._lock:
            drawn = self._chance.random()
        for fault in self._faults:
            drawn -= fault.share
            if drawn < 0:
                return fault.what
        return None
