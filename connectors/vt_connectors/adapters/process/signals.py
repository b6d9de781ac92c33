"""Signals that ask the process to end."""

from __future__ import annotations

import signal

from ...clock import SystemClock


def end_on_signals(clock: SystemClock) -> None:
    """SIGTERM cancels `clock`. So do SIGINT and SIGHUP, unless they were ignored at start.

    `nohup` ignores SIGHUP, and a shell without job control ignores SIGINT for what it starts in the background.
    """
    _end_on(signal.SIGTERM, clock)
    for name in ("SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            _end_on(number, clock)


def _end_on(number: int, clock: SystemClock) -> None:
    # The handler takes no lock, because another signal may arrive while it runs.
    signal.signal(number, lambda *_: clock.cancel())
