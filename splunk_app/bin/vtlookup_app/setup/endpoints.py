"""What the setup page asks for. splunkd lets nobody in here who lacks the capability `vtlookup_admin`."""

from __future__ import annotations

import contextlib
import json
import logging
from importlib.util import find_spec
from typing import Any, Callable

from connectors.api_key import ApiKey
from connectors.errors import ConfigError, ConnectorError
from connectors.quota.windows import PUBLIC
from connectors.stores import KVSTORE

from ..broker.rest_request import NotFromSplunkd, RestRequest, read_rest_request, reply
from ..broker.shared_core import SharedCore
from ..splunkd import VARIABLES
from . import checks
from .fields import checked

_MOST_CHARACTERS = 512 * 1024
_LOG = logging.getLogger("connectors.core")
Answer = tuple[int, dict[str, Any]]


def answered(passed: str | bytes, answer: Callable[[RestRequest], Answer]) -> dict[str, Any]:
    """splunkd's reply, with an `error` for what went wrong. Never raises."""
    try:
        return reply(*answer(read_rest_request(passed)))
    except NotFromSplunkd:
        return reply(500, {"error": "splunkd did not pass what restmap.conf asks it for"})
    except ConnectorError as error:
        return reply(403 if isinstance(error, ConfigError) else 503, {"error": error.message})
    except Exception:
        _LOG.exception("a call of the setup page failed")
        return reply(500, {"error": "a bug in vtlookup; splunkd's log has the traceback"})


class SettingsEndpoint:
    """GET shows the settings, POST stores them. The key goes in, and never out."""

    def __init__(self, shared: SharedCore) -> None:
        self._shared = shared

    def answer(self, request: RestRequest) -> Answer:
        return self._store(request) if request.method == "POST" else self._show(request)

    def _show(self, request: RestRequest) -> Answer:
        stored = request.system.settings()
        settings = {name: stored.get(variable, "") for name, variable in VARIABLES.items()}
        shown = {"settings": settings, "key_is_set": _has_key(request), "public_quota": PUBLIC, "states": _states()}
        return 200, shown

    def _store(self, request: RestRequest) -> Answer:
        document = _document(request.body)
        given = document.get("settings", {})
        if document.keys() - {"settings", "api_key"} or not isinstance(given, dict):
            return 400, {"error": "send settings, and api_key where it is to be changed"}
        settings, wrong = checked(given)
        key: ApiKey | None = None
        try:
            key = ApiKey(str(document["api_key"])) if document.get("api_key") else None
        except ConnectorError:
            wrong["api_key"] = "the key has characters that no key has"
        if wrong:
            return 400, {"error": "nothing is stored: some settings are not valid", "wrong": wrong}
        if key is not None:
            request.user.store_key(key)
        if settings:
            request.user.store_settings(settings)
        with contextlib.suppress(ConnectorError):  # what is stored is stored
            request.user.is_set_up()
        self._shared.forget()
        return self._show(request)


class ChecksEndpoint:
    """POST `{"check": "connection"}` or `{"check": "account"}`: both ask VirusTotal, which does not count it."""

    def __init__(self, shared: SharedCore) -> None:
        self._shared = shared

    def answer(self, request: RestRequest) -> Answer:
        name = _document(request.body).get("check")
        if name not in ("connection", "account"):
            return 400, {"error": "check is connection or account"}
        self._shared.forget()
        with self._shared.core(request.system) as core:
            return 200, checks.connection(core, request.system) if name == "connection" else checks.account(core)


def _document(body: str) -> dict[str, Any]:
    """An empty one for what is none."""
    try:
        document = json.loads(body) if len(body) <= _MOST_CHARACTERS else None
    except (ValueError, RecursionError):
        document = None
    return document if isinstance(document, dict) else {"": None}


def _has_key(request: RestRequest) -> bool:
    try:
        request.system.key()
    except ConfigError:
        return False
    return True


def _states() -> list[str]:
    """Where cache and quota can be kept, with what this app has."""
    return ["file", KVSTORE, *(["redis"] if find_spec("redis") and find_spec("connectors.state.redis_server") else [])]
