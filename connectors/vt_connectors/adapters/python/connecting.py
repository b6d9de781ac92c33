"""Makes connections from the arguments of `connect`, one for each process."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Callable

from ...api_key import ApiKey
from ...composition.core import build
from ...config.credentials import find_key, key_in_file, own_files
from ...config.paths import found_at
from ...config.settings import Settings, read_settings
from ...errors import ConfigError
from ...redaction import remember
from .connection import CallersClock, Connection
from .options import checked_settings

Key = Callable[[], ApiKey]


class Opening:
    """`open()` makes a connection; `about` names it for people, without the key."""

    def __init__(self, open_: Callable[[], Connection], about: str) -> None:
        self.open = open_
        self.about = about


def opening(given: Mapping[str, object]) -> Opening:
    """`given`: names and values of `schemas/settings.json`. Raises `ConfigError`."""
    values = checked_settings(given)
    key = _key(values)
    settings = read_settings(os.environ, {name: value for name, value in values.items() if name not in _KEYS})
    given_file = found_at(values["api_key_file"]) if "api_key_file" in values else None
    given_files = [given_file] if given_file is not None else []

    def files() -> Iterable[Path]:
        return [*given_files, *own_files(os.environ)]

    _open(settings, key, files)  # raises errors of the settings now, not at the first request
    return Opening(lambda: _open(settings, key, files), settings.api_url)


_KEYS = ("api_key", "api_key_file")


def _open(settings: Settings, key: Key, files: Callable[[], Iterable[Path]]) -> Connection:
    clock = CallersClock()
    return Connection(build(settings, key, clock, own_files=files), clock)


def _key(values: Mapping[str, Any]) -> Key:
    """A function that returns the key. A key that is not given is read on the first call."""
    if all(name in values for name in _KEYS):
        raise ConfigError("connect(): api_key and api_key_file are both given; give one of them")
    if "api_key" in values:
        given = remember(ApiKey(values["api_key"]))
        return lambda: given
    if "api_key_file" in values:
        path = values["api_key_file"]
        return lambda: remember(key_in_file(path, "api_key_file")[0])
    return lambda: remember(find_key(os.environ)[0])
