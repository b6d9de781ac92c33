"""The command line. `start` is the console script: it ends without a traceback also if it is interrupted while the
program is being imported.
"""

from __future__ import annotations

import gc

from ...quick_imports import signals


def start() -> None:
    """Run `vtaction`. Ends the process."""
    if signals.getsignal(signals.SIGINT) is signals.default_int_handler:
        # Until `main` sets its own handler.
        signals.signal(signals.SIGINT, signals.SIG_DFL)
    # Imports leave no garbage. It is collected from the beginning of a command on, or the runner's first answer.
    gc.disable()
    from .main import main

    main()
