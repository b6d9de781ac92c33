"""Requests answered in this process, with the state that it shares with all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...actions.request_batch import BatchAnswers
from ...clock import SystemClock
from ...quota.waiters import Claim
from ..core_from_environment import core_from
from ..server.bounded_time import SideBySide, within
from .exchange import WayIn

_AT_ONCE = 8
# Kept back from the time that the platform allows, for the way of the answers.
_MARGIN_S = 5.0


class InProcess(WayIn):
    """`environment`: the settings and the key, under the names of `docs/settings.md`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        clock = SystemClock()
        self._core = core_from(environment, clock)
        self._side_by_side = SideBySide(clock, _AT_ONCE)
        self._claim = Claim()

    def answers(self, requests: Sequence[Mapping[str, Any]], within_s: float) -> list[dict[str, Any]]:
        """See `exchange.WayIn`."""
        core = self._core.within(BatchAnswers())

        def answer(document: Any, wait_s: float) -> Any:
            return core.answer(within(document, wait_s), self._claim)

        longest_wait_s = max(0.0, within_s - _MARGIN_S)
        responses = self._side_by_side.answers(requests, answer, longest_wait_s, within_s)
        self._core.end_batch()
        return [dict(response) for response in responses]
