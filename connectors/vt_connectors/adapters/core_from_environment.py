"""The core with the settings of the environment."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from ..api_key import ApiKey
from ..clock import SystemClock
from ..composition.core import build
from ..config.credentials import find_key, key_in_file, own_files
from ..config.settings import read_settings
from ..core import Core
from ..errors import ConfigError
from ..misconfigured import Misconfigured
from ..redaction import remember


def core_from(environment: Mapping[str, str], clock: SystemClock) -> Core | Misconfigured:
    """The core. Never raises: with wrong settings, each request is answered with their error."""

    def key() -> ApiKey:
        return remember(find_key(environment)[0])

    def key_of_wrong_settings() -> ApiKey:
        remember_keys(environment)
        return key()

    try:
        return build(read_settings(environment), key, clock, own_files=lambda: own_files(environment))
    except ConfigError as error:
        return Misconfigured(error, key_of_wrong_settings)


def remember_keys(environment: Mapping[str, str]) -> None:
    """Remember each key of the environment that can be read, even an invalid one, because a message about a wrong
    setting or argument may quote it. Does not wait for a key from a pipe.
    """
    value, path = (environment.get(name, "").strip() for name in ("VT_API_KEY", "VT_API_KEY_FILE"))
    if value:
        with contextlib.suppress(ConfigError):
            remember(ApiKey(value))
    if path and not Path(path).is_file():
        return
    if path:
        with contextlib.suppress(ConfigError):
            remember(key_in_file(path, "VT_API_KEY_FILE")[0])
    with contextlib.suppress(ConfigError):
        remember(find_key(environment)[0])
