"""Logs on stderr, as text or as JSON lines, never with the key."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

from ...clock import iso
from ...errors import printable
from ...redaction import without_keys

LEVELS = ("debug", "info", "warning", "error")


def told(*lines: str) -> str:
    """The lines for stderr, without any remembered key. What controls a terminal is replaced."""
    return "".join(f"{printable(without_keys(line))}\n" for line in lines)


def complain(*lines: str) -> None:
    """Write such lines to stderr."""
    sys.stderr.write(told(*lines))


def to_stderr(level: str, as_json: bool) -> None:
    """Log to stderr. Only vt_connectors' own loggers: debug lines of libraries contain URLs with ids."""
    handler = _CurrentStderr()
    handler.addFilter(_KnowsKeys())
    handler.setFormatter(_JsonLines() if as_json else _Lines())
    logger = logging.getLogger("vt_connectors")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


if TYPE_CHECKING:
    _StreamHandler = logging.StreamHandler[TextIO]
else:  # not generic in Python 3.9 and 3.10
    _StreamHandler = logging.StreamHandler


class _CurrentStderr(_StreamHandler):
    """Writes to the current `sys.stderr`: while progress bars are shown, it is an object that puts lines above them."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # an attribute of the base class
        return sys.stderr


class _KnowsKeys(logging.Filter):
    """Reads the keys of the environment before the first line is written, because it may quote a wrong setting."""

    def __init__(self) -> None:
        super().__init__()
        self._knows = False

    def filter(self, record: logging.LogRecord) -> bool:
        if not self._knows:
            # Set first, because reading the keys may log a line too.
            self._knows = True
            from ..core_from_environment import remember_keys

            remember_keys(os.environ)
        return True


class _Lines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return without_keys(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # its name in `logging`
        """One line, so that a value in the message is not taken for a line of its own."""
        return printable(super().formatMessage(record))

    def formatException(self, exc_info: Any) -> str:  # noqa: N802  # its name in `logging`
        return "\n".join(map(printable, super().formatException(exc_info).split("\n")))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": iso(record.created), "level": record.levelname.lower(), "logger": record.name}
        line["message"] = record.getMessage()
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return without_keys(json.dumps(line))
