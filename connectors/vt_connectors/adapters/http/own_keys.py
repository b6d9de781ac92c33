"""Callers that give their own VirusTotal key instead of a token, if the server accepts that."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any, TypeVar

from ...api_key import ApiKey
from ...clock import Clock
from ...errors import AccessDenied, ConnectorError, RateLimited, from_dict
from ...quota.waiters import Claim
from .callers import Caller, Right, Tokens
from .cores import Cores
from .messages import Refused
from .waiting_places import WaitingPlaces

# The form of VirusTotal's keys: https://docs.virustotal.com/reference/authentication.
_KEY = re.compile(r"[0-9a-fA-F]{64}")
FORM_OF_KEY = "64 hexadecimal digits"
_RIGHTS: frozenset[Right] = frozenset(("read", "submit", "comment", "raw"))
_PROVEN_S = 3600.0
_REFUSED_S = 300.0
_MOST_KNOWN = 1000
# Checks of keys that were not accepted before: so many in so many seconds. Of all keys, so many at the same time.
_NEW_KEYS, _IN_S = 30, 60.0
_AT_ONCE = 8
_BUSY_S = 1.0
# Made-up keys count as one client.
_NEW_CLIENT = "keys"
# The API version that tells a key's own quota, which costs nothing.
_VERSION = "3"
_Value = TypeVar("_Value")


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
    """The callers' own keys that VirusTotal accepts. Any text of a key's form would else open the shared cache.

    Anybody can make up keys. So few new ones are checked at once and in a minute, and few are remembered.
    """

    def __init__(self, cores: Cores, places: WaitingPlaces, clock: Clock) -> None:
        self._cores = cores
        self._places = places
        self._clock = clock
        self._lock = threading.Lock()
        # By the hash of the key: until when it needs no check, and why it was refused.
        self._proven: dict[str, float] = {}
        self._refused: dict[str, tuple[ConnectorError, float]] = {}
        self._checked_now: list[str] = []
        # When new keys were checked, in monotonic seconds.
        self._checks: deque[float] = deque(maxlen=_NEW_KEYS)

    def refusal(self, caller: Caller) -> ConnectorError | None:
        """Why the caller's own key is not accepted now; None if it is, or if the caller has a token.

        Once an hour for each key, it sends a request that VirusTotal does not count. Never raises.
        """
        key = caller.api_key
        if key is None:
            return None
        scope = key.scope
        with self._lock:
            now = self._clock.monotonic()
            if self._proven.get(scope, 0.0) > now:
                return None
            known = self._refused.get(scope)
            if known is not None and known[1] > now:
                return known[0]
            wait_s = self._wait_s(scope, now)
            if wait_s:
                message = "the key was not checked, because too many new keys are checked now; repeat the call later"
                return RateLimited(message, retry_after=wait_s)
            self._checked_now.append(scope)
        try:
            return self._checked(key, caller)
        finally:
            with self._lock:
                self._checked_now.remove(scope)

    def _wait_s(self, scope: str, now: float) -> float:
        """When the key may be checked; 0: now, which is counted."""
        if len(self._checked_now) >= _AT_ONCE:
            return _BUSY_S
        if scope in self._proven or scope in self._checked_now:
            return 0.0
        if len(self._checks) == _NEW_KEYS and self._checks[0] + _IN_S > now:
            return self._checks[0] + _IN_S - now
        self._checks.append(now)
        return 0.0

    def _checked(self, key: ApiKey, caller: Caller) -> ConnectorError | None:
        options = {"max_wait_s": caller.longest_wait_s}
        document = {"action": "quota", "params": {}, "options": options, "auth": {"api_key": key.reveal()}}
        try:
            with self._places.place(_NEW_CLIENT), self._cores.core(_VERSION) as core:
                told = core.answer(document, Claim(caller.client))["error"]
        except Refused as refused:
            return RateLimited(f"the key was not checked: {refused.message}", retry_after=_BUSY_S)
        error = from_dict(told) if told is not None else None
        with self._lock:
            now = self._clock.monotonic()
            if error is None:
                _remember(self._proven, key.scope, now + _PROVEN_S)
            elif error.code == AccessDenied.code:
                self._proven.pop(key.scope, None)
                _remember(self._refused, key.scope, (error, now + _REFUSED_S))
        return error


def _remember(known: dict[str, _Value], scope: str, value: _Value) -> None:
    """The oldest gives way."""
    known.pop(scope, None)
    known[scope] = value
    while len(known) > _MOST_KNOWN:
        del known[next(iter(known))]
