"""The core with the settings of the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..api_key import ApiKey
from ..clock import SystemClock
from ..composition.core import build
from ..config.credentials import find_key, key_in_file, own_files
from ..config.settings import read_settings
from ..core import Core
from ..errors import ConfigError
from ..light_typing import TYPE_CHECKING
from ..quick_imports import suppress
from ..redaction import remember

if TYPE_CHECKING:
    from ..misconfigured import Misconfigured


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
        from ..misconfigured import Misconfigured

        return Misconfigured(error, key_of_wrong_settings)


def remember_keys(environment: Mapping[str, str]) -> None:
    """Remember each key of the environment that can be read, even an invalid one, because a message about a wrong
    setting or argument may quote it. Does not wait for a key from a pipe.
    """
    value, path = (environment.get(name, "").strip() for name in ("VT_API_KEY", "VT_API_KEY_FILE"))
    if value:
        with suppress(ConfigError):
            remember(ApiKey(value))
    if path and not os.path.isfile(path):  # noqa: PTH113  # `pathlib` takes long to import
        return
    if path:
        with suppress(ConfigError):
            remember(key_in_file(path, "VT_API_KEY_FILE")[0])
    with suppress(ConfigError):
        remember(find_key(environment)[0])
