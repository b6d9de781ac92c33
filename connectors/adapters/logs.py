"""Logs: to stderr, for people or as JSON lines, and never with the key."""

from __future__ import annotations

import json
import logging
import sys

from ..api_key import ApiKey
from ..clock import iso

LEVELS = ("debug", "info", "warning", "error")
_KEYS: set[ApiKey] = set()
# Who may name the key all by itself: the libraries an address that has it, a bug's traceback whatever was in hand.
_TALKATIVE = ("urllib3.connectionpool", "urllib3.util.retry", "connectors.core")


def remember(key: ApiKey) -> ApiKey:
    """`key`, which no log line of this process will show from now on."""
    _KEYS.add(key)
    return key


def to_stderr(level: str, as_json: bool) -> None:
    """Only this product's own loggers are heard: the libraries' debug lines name addresses with ids in them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if as_json else _Lines())
    logger = logging.getLogger("connectors")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


def hide_keys_from_other_handlers() -> None:
    """Where logs are another program's, whose handlers know nothing of keys: records go to them without."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_WITHOUT_KEYS)


class _WithoutKeys(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if _without_keys(text) != text:
            record.msg, record.args = _without_keys(text), ()
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = _without_keys(logging.Formatter().formatException(record.exc_info))
        return True


_WITHOUT_KEYS = _WithoutKeys()


def _without_keys(text: str) -> str:
    for key in tuple(_KEYS):
        text = key.redact(text)
    return text


class _Lines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return _without_keys(super().format(record))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": iso(record.created), "level": record.levelname.lower(), "logger": record.name}
        line["message"] = record.getMessage()
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _without_keys(json.dumps(line))
