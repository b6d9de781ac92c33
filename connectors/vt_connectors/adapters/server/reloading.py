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


class InUse(Generic[Made]):
    """An object with the number of its users. `made_of`: what it was made of."""

    def __init__(self, made: Made, made_of: object) -> None:
        self.made = made
        self.made_of = made_of
        self.users = 0


class Replaceable(Generic[Made]):
    """Safe for many threads. An object that was replaced is closed after its last call."""

    def __init__(self) -> None:
        self._current: InUse[Made] | None = None
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def use(self, made_of: object, make: Callable[[], Made]) -> Iterator[Made]:
        """The object for one call. It is made again unless `made_of` equals that of the current one.

        Raises what `make` raises; the current object then stays.
        """
        in_use = self.take(made_of, make)
        try:
            yield in_use.made
        finally:
            self.give_back(in_use)

    def current(self, made_of: object) -> Made | None:
        """The object if it is made of that. It may be closed at any time. Does not wait."""
        in_use = self._current
        return in_use.made if in_use is not None and in_use.made_of == made_of else None

    def close(self) -> None:
        """Close the object, after its last call if it is in use. The next call makes another."""
        with self._lock:
            replaced, self._current = self._current, None
            is_unused = replaced is not None and not replaced.users
        if replaced is not None and is_unused:
            replaced.made.close()

    def take(self, made_of: object, make: Callable[[], Made]) -> InUse[Made]:
        """As `use`, without its context: the caller gives the object back."""
        replaced = None
        with self._lock:
            if self._current is None or self._current.made_of != made_of:
                replaced, self._current = self._current, InUse(make(), made_of)
            in_use = self._current
            in_use.users += 1
            is_unused = replaced is not None and not replaced.users
        if replaced is not None and is_unused:
            replaced.made.close()
        return in_use

    def give_back(self, in_use: InUse[Made]) -> None:
        """The call that took the object is over."""
        with self._lock:
            in_use.users -= 1
            is_over = in_use is not self._current and not in_use.users
        if is_over:
            in_use.made.close()
