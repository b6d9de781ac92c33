"""The console script: ends without a traceback also if it is interrupted while the program is being imported."""

from __future__ import annotations

import signal


def start() -> None:
    """Run `vtaction`. Ends the process."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Until `main` sets its own handler.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from .main import main

    main()
