"""The result of a measurement: our figure and its yardstick, both from the same run."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Literal

Bound = Literal["at least", "at most", "exactly"]
_MET = {"at least": operator.ge, "at most": operator.le, "exactly": operator.eq}


@dataclass(frozen=True)
class Figure:
    """The goal is for `ratio`; `ours` and `yardstick` are its two figures, with their units.

    `note`: an explanation of the time, if the figure needs one.
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
