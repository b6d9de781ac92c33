"""Signals that ask the process to end."""

from __future__ import annotations

import signal

from ...clock import SystemClock


def end_on_signals(clock: SystemClock) -> None:
    """SIGTERM and SIGINT cancel `clock`, and SIGHUP does unless it was ignored at start, for example by `nohup`."""
    _end_on(signal.SIGTERM, clock)
    _end_on(signal.SIGINT, clock)
    number = getattr(signal, "SIGHUP", None)
    if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
        _end_on(number, clock)


def _end_on(number: int, clock: SystemClock) -> None:
    # The handler takes no lock, because another signal may arrive while it runs.
    signal.signal(number, lambda *_: clock.cancel())
