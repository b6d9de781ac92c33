"""If the shared state cannot be used: a warning, and a local stand-in for a while."""

from __future__ import annotations

from typing import Callable, Generic, TypeVar

from ..clock import Clock
from ..errors import Unavailable
from ..log import logger

_LOG = logger("state")
RETRY_AFTER_S = 30.0

Part = TypeVar("Part")
Result = TypeVar("Result")


class StateUnavailable(Exception):
    """The store cannot be read or written now: missing rights, full disk, locked for long, a newer version's file."""


class StateBusy(StateUnavailable):
    """Other processes hold the store's lock for too long. The store exists, and its content is still valid."""


class Fallback(Generic[Part]):
    """A shared part and its stand-in within this process.

    `use(work)` gives `work` the shared part; when that is unavailable it warns, gives `work` the stand-in, and
    tries the shared part again `retry_after_s` later. A busy shared part is not replaced, `use` raises `StateBusy`.
    """

    def __init__(
        self, shared: Part, local: Part, clock: Clock, meaning: str, *, retry_after_s: float = RETRY_AFTER_S
    ) -> None:
        self._shared = shared
        self._local = local
        self._clock = clock
        self._meaning = meaning
        self._retry_after_s = retry_after_s
        self._broken_until: float | None = None

    @property
    def is_shared(self) -> bool:
        return self._broken_until is None or self._clock.monotonic() >= self._broken_until

    def use(self, work: Callable[[Part], Result]) -> Result:
        if self.is_shared:
            try:
                result = work(self._shared)
            except StateBusy:
                raise
            except StateUnavailable as error:
                if self._broken_until is None:
                    _LOG.warning("%s: %s", error, self._meaning)
                self._broken_until = self._clock.monotonic() + self._retry_after_s
            else:
                self._broken_until = None
                return result
        return work(self._local)


class Required(Fallback[Part]):
    """A shared part without a stand-in: while it is unavailable, `use` raises `Unavailable`."""

    def __init__(self, shared: Part, clock: Clock, meaning: str) -> None:
        super().__init__(shared, shared, clock, meaning)

    @property
    def is_shared(self) -> bool:
        return True

    def use(self, work: Callable[[Part], Result]) -> Result:
        try:
            return work(self._shared)
        except StateBusy:
            raise
        except StateUnavailable as error:
            raise Unavailable(f"{error}; {self._meaning}") from error
