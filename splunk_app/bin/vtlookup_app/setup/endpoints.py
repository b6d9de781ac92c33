"""The endpoints of the setup page. splunkd refuses users without the capability `vtlookup_admin`."""

from __future__ import annotations

import contextlib

from vt_connectors.api_key import ApiKey
from vt_connectors.errors import ConfigError, ConnectorError
from vt_connectors.quota.windows import PUBLIC

from ..endpoint.base import Answer, document_of
from ..endpoint.rest_request import RestRequest
from ..endpoint.shared_core import SharedCore
from ..setting_names import VARIABLES
from . import checks
from .fields import checked


class SettingsEndpoint:
    """GET shows the settings, POST stores them. The key can be stored, but is never shown."""

    def __init__(self, shared: SharedCore) -> None:
        self._shared = shared

    def answer(self, request: RestRequest) -> Answer:
        return self._store(request) if request.method == "POST" else self._show(request)

    def _show(self, request: RestRequest) -> Answer:
        stored = request.system.settings()
        settings = {name: stored.get(variable, "") for name, variable in VARIABLES.items()}
        settings.update(request.system.own_settings())
        shown = {"settings": settings, "key_is_set": _has_key(request), "public_quota": PUBLIC}
        return 200, shown

    def _store(self, request: RestRequest) -> Answer:
        document = document_of(request.body)
        given = document.get("settings", {})
        if document.keys() - {"settings", "api_key"} or not isinstance(given, dict):
            return 400, {"error": "send settings, and api_key if it should change"}
        settings, wrong = checked(given)
        key: ApiKey | None = None
        try:
            key = _key(document.get("api_key"))
        except ConnectorError:
            wrong["api_key"] = "the key has characters that are not allowed in a key"
        if wrong:
            return 400, {"error": "nothing was stored: some settings are not valid", "wrong": wrong}
        if key is not None:
            request.user.store_key(key)
        if settings:
            request.user.store_settings(settings)
        with contextlib.suppress(ConnectorError):  # the settings are stored, even if this fails
            request.user.is_set_up()
        self._shared.forget()
        return self._show(request)


class ChecksEndpoint:
    """POST `{"check": "connection"}` or `{"check": "account"}`: both send requests that VirusTotal does not count."""

    def __init__(self, shared: SharedCore) -> None:
        self._shared = shared

    def answer(self, request: RestRequest) -> Answer:
        name = document_of(request.body).get("check")
        if name not in ("connection", "account"):
            return 400, {"error": "check must be connection or account"}
        self._shared.forget()
        with self._shared.core(request.system) as core:
            return 200, checks.connection(core, request.system) if name == "connection" else checks.account(core)


def _key(given: object) -> ApiKey | None:
    """None if the key is empty or missing, so that the stored key stays. Raises `ConfigError`."""
    if given is None or given == "":
        return None
    if not isinstance(given, str):
        raise ConfigError("the key must be a string")
    return ApiKey(given)


def _has_key(request: RestRequest) -> bool:
    try:
        request.system.key()
    except ConfigError:
        return False
    return True
