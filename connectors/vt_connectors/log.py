"""Our loggers. The library `logging` is imported when the first line is logged, because most processes log nothing."""

from __future__ import annotations

import os
import sys
import threading

from .light_typing import TYPE_CHECKING, Any, Callable, cast

if TYPE_CHECKING:
    from logging import Logger, LogRecord

_LOCK = threading.RLock()
if hasattr(os, "register_at_fork"):
    # Another thread may hold it at the moment of a fork. `threads` is not imported here, because it logs.
    os.register_at_fork(after_in_child=cast("Any", _LOCK)._at_fork_reinit)
_NAMES: set[str] = set()
# Called before the first line, to configure logging.
_SET_UPS: list[Callable[[], None]] = []
_FILTERS: list[Callable[[LogRecord], bool]] = []


def logger(name: str) -> Logger:
    """The logger `vt_connectors.<name>` of the library `logging`."""
    _NAMES.add(f"vt_connectors.{name}")
    return cast("Logger", _Lazy(f"vt_connectors.{name}"))


def set_up_at_first_line(set_up: Callable[[], None]) -> None:
    """Call `set_up` before the first line is logged. Replaces an earlier `set_up` that was not called yet."""
    with _LOCK:
        _SET_UPS[:] = [set_up]


def filter_lines(line_filter: Callable[[LogRecord], bool]) -> None:
    """Add a filter for all our loggers, as in `logging`; it may change the record."""
    if line_filter in _FILTERS:
        return
    _FILTERS.append(line_filter)
    if "logging" in sys.modules:
        # Other code may use loggers with these names too.
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
            # A process without memory or free descriptors loses the line and continues.
            return _lose


def _lose(*_: Any, **__: Any) -> None:
    return None


def _real(name: str) -> Logger:
    from logging import getLogger

    found = getLogger(name)
    for each in _FILTERS:
        found.addFilter(each)
    return found
