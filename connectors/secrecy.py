"""Keys stay out of every log: our own, and those of programs and libraries around us."""

from __future__ import annotations

import logging

from .api_key import ApiKey

_KEYS: set[ApiKey] = set()
# Who may name a key all by itself: the libraries an address that has it, a bug's traceback whatever was in hand.
_TALKATIVE = ("urllib3.connectionpool", "urllib3.util.retry", "connectors.core")


def remember(key: ApiKey) -> ApiKey:
    """`key`, which no log of this process shows from now on, whoever's handler writes it."""
    _KEYS.add(key)
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_WITHOUT_KEYS)
    return key


def without_keys(text: str) -> str:
    """`text` without any key that is remembered."""
    for key in tuple(_KEYS):
        text = key.redact(text)
    return text


class _WithoutKeys(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if without_keys(said) != said:
            record.msg, record.args = without_keys(said), ()
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = without_keys(logging.Formatter().formatException(record.exc_info))
        return True


_WITHOUT_KEYS = _WithoutKeys()
