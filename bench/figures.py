"""What a measurement says: ours beside its yardstick, both of the same run."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Literal

Bound = Literal["at least", "at most", "exactly"]
_MET = {"at least": operator.ge, "at most": operator.le, "exactly": operator.eq}


@dataclass(frozen=True)
class Figure:
    """`ratio` is what the goal speaks of; `ours` and `yardstick` are the figures behind it, with their units.

    `note`: where the time goes, for a figure that does not explain itself.
    """

    what: str
    ours: str
    yardstick: str
    ratio: float
    bound: Bound
    goal: float
    note: str = ""

    @property
    def is_met(self) -> bool:
        return bool(_MET[self.bound](self.ratio, self.goal))
