"""Collects the core's warnings for the job's message, instead of stderr."""

from __future__ import annotations

import logging
import sys
import traceback

from .setting_names import in_splunk

_MOST = 3


class WarningCollector(logging.Handler):
    """The only handler of the core's logger. `texts` are the first few distinct warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []
        logger = logging.getLogger("vt_connectors")
        logger.handlers[:] = [self]
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[2]:
            # A bug. Only the place goes into Splunk's log, because the error's text might hold a key.
            sys.stderr.write(f"{record.getMessage()}\n{''.join(traceback.format_tb(record.exc_info[2]))}")
        text = in_splunk(record.getMessage())
        if text not in self.texts and len(self.texts) < _MOST:
            self.texts.append(text)
