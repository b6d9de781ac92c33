"""If the shared state cannot be used: a warning, and a local stand-in for a while. If it is locked: a wait."""

from __future__ import annotations

from ..clock import Clock
from ..errors import Unavailable
from ..light_typing import Callable, Generic, TypeVar
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
            raise Unavailable(f"{error}; {self._meaning}", details={"source": "state"}) from error


# A caller that may not wait for quota still waits this long for a lock ...
SHORTEST_S = 5.0
# ... and a caller that may wait for hours waits at most this long for a lock.
LONGEST_S = 30.0
_PAUSE_S = 0.05


def patiently(step: Callable[[], Result], clock: Clock, deadline: float, shortest_s: float = SHORTEST_S) -> Result:
    """Repeat `step()` while it raises `StateBusy`, until `deadline` (the clock's monotonic seconds).

    Raises `Unavailable` after that, and `Cancelled` when the process should end.
    """
    give_up: float | None = None
    while True:
        try:
            return step()
        except StateBusy as error:
            now = clock.monotonic()
            if give_up is None:
                give_up = now + min(max(deadline - now, shortest_s), LONGEST_S)
            if now >= give_up:
                raise Unavailable(
                    f"{error}; no request was sent, because another process may send the same one; repeat it later",
                    details={"source": "state"},
                ) from None
            clock.sleep(_PAUSE_S)
