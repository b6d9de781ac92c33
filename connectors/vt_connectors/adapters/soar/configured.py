"""The way in that a platform's settings ask for, also where this package is not installed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from .exchange import WayIn, failed
from .serve_client import ServeClient

_NOT_INSTALLED = (
    "there is no server's address, and the Python package vt-connectors is not installed here; set the address of"
    " `vtaction serve`, or install the package for the Python that runs this"
)


class _Unusable(WayIn):
    """Answers each request with what is wrong with the settings."""

    def __init__(self, message: str) -> None:
        self._message = message

    def answers(self, requests: Sequence[Mapping[str, Any]], within_s: float) -> list[dict[str, Any]]:
        return [failed(request, "config_error", self._message, retryable=False) for request in requests]


def way_in_for(server: str, key: str, settings: str, environment: Mapping[str, str]) -> WayIn:
    """The server at the address `server`, with `key` as the token; without an address this process, with `key` as
    VirusTotal's key and `settings` as the path of a configuration file, both optional in addition to `environment`.
    Never raises: with wrong settings, each request is answered with their error.
    """
    if server:
        try:
            return ServeClient(server, key)
        except ValueError as error:
            return _Unusable(str(error))
    try:
        in_process = importlib.import_module("vt_connectors.adapters.soar.in_process")
    except ImportError:
        return _Unusable(_NOT_INSTALLED)
    here: WayIn = in_process.InProcess(_environment(key, settings, environment))
    return here


def _environment(key: str, settings: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The platform's settings take precedence."""
    changed = dict(environment)
    if key:
        changed["VT_API_KEY"] = key
        changed.pop("VT_API_KEY_FILE", None)
    if settings:
        changed["VT_CONFIG"] = settings
    return changed
