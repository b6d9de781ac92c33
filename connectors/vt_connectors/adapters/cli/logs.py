"""Logs: to stderr, for people or as JSON lines, and never with the key."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO

from ...clock import iso
from ...redaction import without_keys

LEVELS = ("debug", "info", "warning", "error")


def to_stderr(level: str, as_json: bool) -> None:
    """Only this product's own loggers are heard: the libraries' debug lines name addresses with ids in them."""
    handler = _CurrentStderr()
    handler.addFilter(_KnowsKeys())
    handler.setFormatter(_JsonLines() if as_json else _Lines())
    logger = logging.getLogger("vt_connectors")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


if TYPE_CHECKING:
    _StreamHandler = logging.StreamHandler[TextIO]
else:  # Python 3.9 and 3.10 know it without a type only
    _StreamHandler = logging.StreamHandler


class _CurrentStderr(_StreamHandler):
    """Whatever `sys.stderr` is when a line is written: while bars are shown, it puts lines above them."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # an attribute there
        return sys.stderr


class _KnowsKeys(logging.Filter):
    """Reads the keys of the environment before the first line is written, which may repeat a wrong setting."""

    def __init__(self) -> None:
        super().__init__()
        self._knows = False

    def filter(self, record: logging.LogRecord) -> bool:
        if not self._knows:
            # Reading them may be logged in turn.
            self._knows = True
            from ..core_from_environment import remember_keys

            remember_keys(os.environ)
        return True


class _Lines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return without_keys(super().format(record))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": iso(record.created), "level": record.levelname.lower(), "logger": record.name}
        line["message"] = record.getMessage()
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return without_keys(json.dumps(line))
