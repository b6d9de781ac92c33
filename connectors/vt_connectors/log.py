"""The product's loggers. The library `logging` is imported when the first line is logged: most processes log none."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Callable, cast

if TYPE_CHECKING:
    from logging import Logger, LogRecord

_LOCK = threading.RLock()
_NAMES: set[str] = set()
# What a process does before its first line, to set up how lines are written.
_SET_UPS: list[Callable[[], None]] = []
_FILTERS: list[Callable[[LogRecord], bool]] = []


def logger(name: str) -> Logger:
    """The logger `vt_connectors.<name>` of the library `logging`."""
    _NAMES.add(f"vt_connectors.{name}")
    return cast("Logger", _Lazy(f"vt_connectors.{name}"))


def set_up_at_first_line(set_up: Callable[[], None]) -> None:
    """Call `set_up` before the first line is logged, instead of one that waits for it."""
    with _LOCK:
        _SET_UPS[:] = [set_up]


def filter_lines(lets_by: Callable[[LogRecord], bool]) -> None:
    """Ask `lets_by` about every line, as the filters of `logging` are asked; it may change the record."""
    if lets_by in _FILTERS:
        return
    _FILTERS.append(lets_by)
    if "logging" in sys.modules:
        # Others may log by these names too.
        for name in _NAMES:
            _real(name)


class _Lazy:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        try:
            with _LOCK:
                while _SET_UPS:
                    _SET_UPS.pop()()
            return getattr(_real(self._name), attribute)
        except (ImportError, OSError, MemoryError):
            # A process without memory or free descriptors loses the line, and goes on.
            return _lose


def _lose(*_: Any, **__: Any) -> None:
    return None


def _real(name: str) -> Logger:
    from logging import getLogger

    found = getLogger(name)
    for each in _FILTERS:
        found.addFilter(each)
    return found
