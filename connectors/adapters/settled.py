"""The core as the command line's environment makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..api_key import ApiKey
from ..clock import SystemClock
from ..composition import build
from ..contract import Request, error_response, read_request, request_id
from ..core import Core
from ..credentials import find_key
from ..errors import ConfigError, ConnectorError
from ..settings import read_settings
from .logs import remember


class Misconfigured:
    """Stands where the core would: answers every request with what is wrong with the settings."""

    def __init__(self, error: ConfigError) -> None:
        self._error = error

    def answer(self, document: object) -> dict[str, Any]:
        try:
            return self.run(read_request(document))
        except ConnectorError as error:
            return error_response(None, request_id(document), error)

    def run(self, request: Request) -> dict[str, Any]:
        return error_response(request.action, request.id, self._error)


def core_from(environment: Mapping[str, str], clock: SystemClock) -> Core | Misconfigured:
    """Never raises: wrong settings are every request's answer."""

    def key() -> ApiKey:
        return remember(find_key(environment)[0])

    try:
        return build(read_settings(environment), key, clock)
    except ConfigError as error:
        return Misconfigured(error)
