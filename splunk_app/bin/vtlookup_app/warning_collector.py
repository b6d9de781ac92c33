"""The core's warnings, kept for the job's message instead of stderr."""

from __future__ import annotations

import logging
import sys
import traceback

from .setting_names import in_splunk

_MOST = 3


class WarningCollector(logging.Handler):
    """Takes over the core's logger. `texts` are the first few distinct warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []
        logger = logging.getLogger("connectors")
        logger.handlers[:] = [self]
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[2]:
            # A bug. Splunk's log gets the place; the error's own text might hold anything.
            sys.stderr.write(f"{record.getMessage()}\n{''.join(traceback.format_tb(record.exc_info[2]))}")
        text = in_splunk(record.getMessage())
        if text not in self.texts and len(self.texts) < _MOST:
            self.texts.append(text)
