"""Signals to `vtaction serve`: SIGTERM and SIGINT end it, SIGHUP reloads it."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Callable


class ServerSignals:
    """`stop` is called in the handler of the first SIGTERM or SIGINT, so it must not take a lock. A second one ends the
    process at once. SIGHUP is remembered until `wants_reload` is read.

    SIGINT that was ignored at start stays ignored: a shell does so for what it starts in the background.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._is_ending = False
        self._wants_reload = False
        signal.signal(signal.SIGTERM, self._end)
        if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._end)
        signal.signal(signal.SIGHUP, self._reload)

    def _end(self, number: int, _: FrameType | None) -> None:
        if self._is_ending:
            os._exit(128 + number)
        self._is_ending = True
        self._stop()

    def _reload(self, _: int, __: FrameType | None) -> None:
        self._wants_reload = True

    def wants_reload(self) -> bool:
        """Whether SIGHUP came since the last call."""
        wanted, self._wants_reload = self._wants_reload, False
        return wanted
