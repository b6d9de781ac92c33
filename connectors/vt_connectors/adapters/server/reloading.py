"""One object for many calls, replaced if what it was made of has changed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Callable, Generic, Protocol, TypeVar


class Closing(Protocol):
    def close(self) -> None:
        """No call uses it."""


Made = TypeVar("Made", bound=Closing)


class _InUse(Generic[Made]):
    def __init__(self, made: Made, made_of: object) -> None:
        self.made = made
        self.made_of = made_of
        self.users = 0


class Replaceable(Generic[Made]):
    """Safe for many threads. An object that was replaced is closed after its last call."""

    def __init__(self) -> None:
        self._current: _InUse[Made] | None = None
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def use(self, made_of: object, make: Callable[[], Made]) -> Iterator[Made]:
        """The object for one call. It is made again unless `made_of` equals that of the current one.

        Raises what `make` raises; the current object then stays.
        """
        in_use = self._taken(made_of, make)
        try:
            yield in_use.made
        finally:
            self._give_back(in_use)

    def close(self) -> None:
        """Close the object, after its last call if it is in use. The next call makes another."""
        with self._lock:
            replaced, self._current = self._current, None
            is_unused = replaced is not None and not replaced.users
        if replaced is not None and is_unused:
            replaced.made.close()

    def _taken(self, made_of: object, make: Callable[[], Made]) -> _InUse[Made]:
        replaced = None
        with self._lock:
            if self._current is None or self._current.made_of != made_of:
                replaced, self._current = self._current, _InUse(make(), made_of)
            in_use = self._current
            in_use.users += 1
            is_unused = replaced is not None and not replaced.users
        if replaced is not None and is_unused:
            replaced.made.close()
        return in_use

    def _give_back(self, in_use: _InUse[Made]) -> None:
        with self._lock:
            in_use.users -= 1
            is_over = in_use is not self._current and not in_use.users
        if is_over:
            in_use.made.close()
