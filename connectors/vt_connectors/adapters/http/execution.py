"""Runs requests for a caller: within its rights, its time and the places for waiting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...actions.action import Run
from ...actions.registry import is_write
from ...contract.documents import Request
from ...contract.response import Response
from ...errors import ConnectorError, InvalidRequest
from ...quota.waiters import Claim
from ..server.bounded_time import within
from .callers import Caller
from .cores import AnyCore, Cores
from .own_keys import ProvenKeys, with_own_key
from .rights import DEFAULT_SETTINGS, ServerSettings, refusal
from .token_text import IN_CALL, holds_token
from .waiting_places import WaitingPlaces

_REPEATED = ("id", "action")


class Execution:
    """Used by all faces, so that the same rules hold for all of them."""

    def __init__(
        self,
        cores: Cores,
        places: WaitingPlaces,
        settings: ServerSettings = DEFAULT_SETTINGS,
        keys: ProvenKeys | None = None,
    ) -> None:
        """`keys`: None if no caller has a key of its own."""
        self.cores = cores
        self.places = places
        self._settings = settings
        self._keys = keys

    def answer(
        self,
        document: Any,
        caller: Caller,
        *,
        version: str = "",
        batch: bool = False,
        longest_wait_s: float | None = None,
        core: AnyCore | None = None,
    ) -> Response:
        """The response to a request document. Raises `Refused` if too many requests are in progress.

        `version`: of VirusTotal's API, if not the configured one. `longest_wait_s`: a shorter wait than the caller's.
        `core`: of a batch, which has a place for waiting already.
        """
        if core is not None:
            return self._answered(core, document, caller, batch, longest_wait_s)
        with self.cores.core(version) as found:
            return self._answered(found, document, caller, batch, longest_wait_s, self.places)

    def perform(
        self,
        run: Run,
        request: Request,
        caller: Caller,
        *,
        version: str = "",
        longest_wait_s: float | None = None,
        may_be_cached: bool = False,
    ) -> Response:
        """The response of an action that request documents cannot name; the caller's right to it is checked already.

        Raises `Refused`. `version` and `longest_wait_s`: as above. `may_be_cached`: the cache is asked first, without
        a place for waiting.
        """
        claim, options = Claim(caller.client), request.options
        wait_s = min(caller.longest_wait_s, longest_wait_s if longest_wait_s is not None else caller.longest_wait_s)
        refused = _with_a_token(request.params)
        if refused is None and self._keys is not None:
            refused = self._keys.refusal(caller)
        request = request._replace(api_key=caller.api_key)
        with self.cores.core(version) as core:
            if refused is not None:
                return core.refuse({"action": request.action}, refused)
            if may_be_cached and options.cache == "default":
                at_hand = core.run(request._replace(options=options._replace(cache="only")), claim=claim, own=run)
                if (at_hand["data"] or {}).get("reason") != "not_cached":
                    return at_hand
            with self.places.place(caller.client) as has_place:
                options = options._replace(max_wait_s=wait_s if has_place else 0.0)
                return core.run(request._replace(options=options), claim=claim, own=run)

    def _answered(
        self,
        core: AnyCore,
        document: Any,
        caller: Caller,
        batch: bool,
        longest_wait_s: float | None,
        places: WaitingPlaces | None = None,
    ) -> Response:
        refused = refusal(document, caller, self._settings) or _with_a_token(document)
        if refused is None and self._keys is not None:
            refused = self._keys.refusal(caller)
        if refused is not None:
            return core.refuse(_without_repeated_tokens(document), refused)
        document = with_own_key(document, caller)
        claim = Claim(caller.client, batch=batch)
        wait_s = min(caller.longest_wait_s, longest_wait_s if longest_wait_s is not None else caller.longest_wait_s)
        if places is None:
            return core.answer(within(document, wait_s), claim)
        if not is_write(document):
            at_hand = core.answer(_only_cached(document), claim) if _is_lookup(document) else None
            if at_hand is not None and (at_hand["data"] or {}).get("reason") != "not_cached":
                return at_hand
        with places.place(caller.client) as has_place:
            return core.answer(within(document, wait_s if has_place else 0.0), claim)


def _with_a_token(document: Any) -> ConnectorError | None:
    return InvalidRequest(IN_CALL, details={"path": ""}) if holds_token(document) else None


def _without_repeated_tokens(document: Any) -> Any:
    """The request without an id or action that has a token, because its refusal repeats them."""
    if not isinstance(document, Mapping):
        return document
    return {name: value for name, value in document.items() if name not in _REPEATED or not holds_token(value)}


def _is_lookup(document: Any) -> bool:
    """Whether the cache may answer it."""
    if not isinstance(document, Mapping) or not str(document.get("action")).startswith("lookup"):
        return False
    options = document.get("options")
    return options is None or (isinstance(options, Mapping) and options.get("cache") in (None, "default"))


def _only_cached(document: Mapping[str, Any]) -> Mapping[str, Any]:
    options = document.get("options")
    return {**document, "options": {**(options if isinstance(options, Mapping) else {}), "cache": "only"}}
