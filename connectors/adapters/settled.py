"""The core as the command line's environment makes it."""

from __future__ import annotations

from collections.abc import Mapping

from ..api_key import ApiKey
from ..clock import SystemClock
from ..composition import build
from ..core import Core, Misconfigured
from ..credentials import find_key
from ..errors import ConfigError
from ..secrecy import remember
from ..settings import read_settings


def core_from(environment: Mapping[str, str], clock: SystemClock) -> Core | Misconfigured:
    """Never raises: wrong settings are every request's answer."""

    def key() -> ApiKey:
        return remember(find_key(environment)[0])

    try:
        return build(read_settings(environment), key, clock)
    except ConfigError as error:
        return Misconfigured(error)
