"""Objects that are made on first use, so that a process imports and makes only what its work needs."""

from __future__ import annotations

import threading

from .light_typing import Any, Callable, TypeVar, cast
from .threads import freed_at_fork

Made = TypeVar("Made")


def deferred(make: Callable[[], Made]) -> Made:
    """An object that has the attributes of `make()`, which is called when the first of them is used.

    Thread-safe. If `make` raises, the next use calls it again. Python's operators and `isinstance` do not see the
    attributes.
    """
    return cast("Made", _Deferred(make))


def is_made(thing: object) -> bool:
    """Whether `thing` is not deferred, or was used already."""
    return not isinstance(thing, _Deferred) or bool(thing._made)


class _Deferred:
    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: list[Any] = []
        self._lock = freed_at_fork(threading.RLock())

    def __getattr__(self, name: str) -> Any:
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
        return getattr(self._made[0], name)
