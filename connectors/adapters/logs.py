"""Logs: to stderr, for people or as JSON lines, and never with the key."""

from __future__ import annotations

import json
import logging
import sys

from ..clock import iso
from ..secrecy import without_keys

LEVELS = ("debug", "info", "warning", "error")


def to_stderr(level: str, as_json: bool) -> None:
    """Only this product's own loggers are heard: the libraries' debug lines name addresses with ids in them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if as_json else _Lines())
    logger = logging.getLogger("connectors")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


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
