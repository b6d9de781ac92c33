"""Callers that give their own VirusTotal key instead of a token, if the server accepts that."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

from ...api_key import ApiKey
from ...clock import Clock
from ...errors import ConnectorError, RateLimited, from_dict
from ...quota.waiters import Claim
from .callers import Caller, Right, Tokens
from .cores import Cores
from .messages import Refused
from .waiting_places import WaitingPlaces

# The form of VirusTotal's keys: https://docs.virustotal.com/reference/authentication.
_KEY = re.compile(r"[0-9a-fA-F]{64}")
_RIGHTS: frozenset[Right] = frozenset(("read", "submit", "comment", "raw"))
_PROVEN_S = 3600.0
_MOST_PROVEN = 1000
_BUSY_S = 1.0
# The API version that tells a key's own quota, which costs nothing.
_VERSION = "3"


class TokensOrKeys:
    """`Tokens` for a server that accepts its clients' own keys: whatever is no token, but has a key's form, is one."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def find(self, token: str) -> Caller | None:
        """The caller with this token or key. The name of a key's caller is a part of the key's hash."""
        caller = self._tokens.find(token)
        if caller is not None or not _KEY.fullmatch(token):
            return caller
        key = ApiKey(token)
        return Caller(f"key:{key.scope[:16]}", _RIGHTS, api_key=key)


def with_own_key(document: Any, caller: Caller) -> Any:
    """The request with the caller's own key, if it has one and the request has no other."""
    if caller.api_key is None or not isinstance(document, Mapping) or "auth" in document:
        return document
    return {**document, "auth": {"api_key": caller.api_key.reveal()}}


class ProvenKeys:
    """The callers' own keys that VirusTotal accepts. Any text of a key's form would else open the shared cache."""

    def __init__(self, cores: Cores, places: WaitingPlaces, clock: Clock) -> None:
        self._cores = cores
        self._places = places
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def refusal(self, caller: Caller) -> ConnectorError | None:
        """Why the caller's own key is not accepted now; None if it is, or if the caller has a token.

        Once an hour for each key, it sends a request that VirusTotal does not count. Never raises.
        """
        key = caller.api_key
        if key is None or self._is_proven(key.scope):
            return None
        options = {"max_wait_s": caller.longest_wait_s}
        document = {"action": "quota", "params": {}, "options": options, "auth": {"api_key": key.reveal()}}
        try:
            with self._places.place(), self._cores.core(_VERSION) as core:
                error = core.answer(document, Claim(caller.client))["error"]
        except Refused as refused:
            return RateLimited(f"the key was not checked: {refused.message}", retry_after=_BUSY_S)
        if error is not None:
            return from_dict(error)
        self._prove(key.scope)
        return None

    def _is_proven(self, scope: str) -> bool:
        with self._lock:
            return self._until.get(scope, 0.0) > self._clock.monotonic()

    def _prove(self, scope: str) -> None:
        with self._lock:
            self._until.pop(scope, None)
            self._until[scope] = self._clock.monotonic() + _PROVEN_S
            while len(self._until) > _MOST_PROVEN:
                del self._until[next(iter(self._until))]
