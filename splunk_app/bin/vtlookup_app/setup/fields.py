"""Checks the setup page's fields with the core's rules."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable
from urllib.parse import urlsplit

from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.composition.state import KVSTORE
from vt_connectors.config.settings import settings_from
from vt_connectors.errors import ConfigError, ConnectorError

from ..app_settings import is_off, is_on
from ..endpoint.verdicts import indexes_of
from ..setting_names import COMMENTS_ALLOWED, OWN_SETTINGS, VARIABLES, VERDICT_INDEXES, WRITES_ALLOWED, in_splunk

_LONGEST = 100_000


def checked(given: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Two mappings by the names of vtlookup.conf: the texts to store, and error messages."""
    texts: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for name, value in given.items():
        try:
            if name not in VARIABLES and name not in OWN_SETTINGS:
                raise ConfigError(f"unknown setting; settings are {', '.join((*VARIABLES, *OWN_SETTINGS))}")
            texts[name] = _text(value)
            if texts[name]:
                _OWN_RULES.get(name, _by_the_core)(name, texts[name])
        except ConnectorError as error:
            wrong[name] = in_splunk(error.message.removeprefix(f"{VARIABLES.get(name)}: "))
    return texts, wrong


def _text(value: Any) -> str:
    text = str(value).strip() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None
    if text is None or len(text) > _LONGEST:
        raise ConfigError("must be a text or a number, and not too long")
    # A line end would begin another setting.
    if any(ord(char) < 32 for char in text):
        raise ConfigError("must be one line, without control characters")
    return text


def _by_the_core(name: str, text: str) -> None:
    """Build the core with this setting only, like a search does, to find all errors of the setting now."""
    settings = {"VT_STATE": "memory", VARIABLES[name]: text}
    build(settings_from(settings), _no_key, SystemClock()).close()


def _no_key() -> ApiKey:
    raise AssertionError("no request is sent here")


def _state(name: str, text: str) -> None:
    if text == KVSTORE:
        return
    _without_password(text)
    if "://" not in text and text != "memory" and not Path(text).is_absolute():
        raise ConfigError(f"{text!r} is not an absolute path")
    _by_the_core(name, text)


def _state_required(name: str, text: str) -> None:
    """Check only the value, because building the core would also require shared state."""
    settings_from({VARIABLES[name]: text})


def _proxy(_: str, text: str) -> None:
    _without_password(text)
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.path in ("", "/")
        good = good and not parts.query and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise ConfigError("must be an address like http://proxy.example.com:3128")


def _ca_bundle(_: str, text: str) -> None:
    if not Path(text).is_absolute() or not Path(text).is_file() or not os.access(text, os.R_OK):
        raise ConfigError("must be the absolute path of a file that splunkd can read on this machine")


def _verdict_indexes(_: str, text: str) -> None:
    indexes_of(text)


def _on_or_off(_: str, text: str) -> None:
    if not is_on(text) and not is_off(text):
        raise ConfigError("must be true or false")


def _without_password(text: str) -> None:
    """Every user with read access to the app can read its settings."""
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise ConfigError("must not contain a name and password: set those in the environment of splunkd")


_OWN_RULES: dict[str, Callable[[str, str], None]] = {
    "state": _state,
    "state_required": _state_required,
    "proxy": _proxy,
    "ca_bundle": _ca_bundle,
    VERDICT_INDEXES: _verdict_indexes,
    COMMENTS_ALLOWED: _on_or_off,
    WRITES_ALLOWED: _on_or_off,
}
