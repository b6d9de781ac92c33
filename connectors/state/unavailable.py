"""When the shared state cannot be used: said once, and worked around for a while."""

from __future__ import annotations

import logging
from typing import Callable, Generic, TypeVar

from ..clock import Clock

_LOG = logging.getLogger("connectors.state")
_RETRY_AFTER_S = 30.0

Part = TypeVar("Part")
Result = TypeVar("Result")


class StateUnavailable(Exception):
    """The store cannot be read or written now: missing rights, full disk, locked for long, a newer version's file."""


class StateBusy(StateUnavailable):
    """Others hold the store's lock for longer than patience lasts. It is there, and what it says still holds."""


class Fallback(Generic[Part]):
    """A shared part and its stand-in within this process.

    `use(work)` gives `work` the shared part; when that is unavailable it warns, gives `work` the stand-in, and
    tries the shared part again half a minute later. A busy shared part is not replaced, `use` raises `StateBusy`;
    with `busy_is_lost=True` it is, for what can be done without.
    """

    def __init__(self, shared: Part, local: Part, clock: Clock, meaning: str, *, busy_is_lost: bool = False) -> None:
        self._shared = shared
        self._local = local
        self._clock = clock
        self._meaning = meaning
        self._busy_is_lost = busy_is_lost
        self._broken_until: float | None = None

    @property
    def is_shared(self) -> bool:
        return self._broken_until is None or self._clock.monotonic() >= self._broken_until

    def use(self, work: Callable[[Part], Result]) -> Result:
        if self.is_shared:
            try:
                result = work(self._shared)
            except StateUnavailable as error:
                if isinstance(error, StateBusy) and not self._busy_is_lost:
                    raise
                if self._broken_until is None:
                    _LOG.warning("%s: %s", error, self._meaning)
                self._broken_until = self._clock.monotonic() + _RETRY_AFTER_S
            else:
                self._broken_until = None
                return result
        return work(self._local)
