"""Whether the server can answer what it may be asked."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ....clock import Clock
from ....contract.documents import Options, Request
from ....core import Core
from ...cli.doctor_state import state_findings
from ..callers import Caller
from ..cores import Cores
from ..messages import Call, Note, Refused, Reply

# The result is that old at most.
_KNOWN_S = 1.0
# A failure at VirusTotal counts for this long. After that calls come again, which show whether it lasts.
_FAILED_S = 60.0
_FAILURES = {
    "access_denied": "key_refused",
    "timeout": "upstream",
    "unavailable": "upstream",
    "invalid_response": "upstream",
}
_LONG_WINDOWS = ("day", "month")
# Why a server is not ready.
REASONS = ("stopping", "settings", "no_key", "tokens", "state", "quota", "key_refused", "upstream")


class Readiness:
    """`reason()` is a code, without facts about the server; docs/serve.md lists them. Safe for many threads.

    It is also a watcher of the replies, because the last result of VirusTotal is known from them.
    """

    def __init__(
        self,
        cores: Cores,
        clock: Clock,
        is_stopping: Callable[[], bool],
        tokens_problem: Callable[[], str | None],
    ) -> None:
        """`tokens_problem()`: why the tokens file cannot be used; None if it can."""
        self._cores = cores
        self._clock = clock
        self._is_stopping = is_stopping
        self._tokens_problem = tokens_problem
        self._lock = threading.Lock()
        self._known: tuple[str | None, float] | None = None
        self._failed: tuple[str, float] | None = None

    def reason(self) -> str | None:
        """Why the server is not ready; None if it is."""
        if self._is_stopping():
            return "stopping"
        known = self._known
        if known is not None and (self._clock.monotonic() < known[1] + _KNOWN_S or self._lock.locked()):
            return known[0]
        with self._lock:
            found = self._found()
            self._known = found, self._clock.monotonic()
        return found

    def _found(self) -> str | None:
        if self._tokens_problem() is not None:
            return "tokens"
        with self._cores.core() as core:
            if not isinstance(core, Core):
                return "settings"
            if core.context.owner(None) is None:
                return "no_key"
            if not self._has_state():
                return "state"
            if _is_shut(core):
                return "quota"
        return self._failure()

    def _has_state(self) -> bool:
        settings = self._cores.settings
        return settings is not None and next(iter(state_findings(settings, self._clock))).ok is not False

    def _failure(self) -> str | None:
        failed = self._failed
        return failed[0] if failed is not None and self._clock.monotonic() < failed[1] + _FAILED_S else None

    # As a watcher: it never waits.
    is_ready = True

    def began(self, call: Call) -> None:
        """See `Watcher`."""

    def replied(
        self, call: Call, caller: Caller | None, reply: Reply, refused: Refused | None, sent_bytes: int, took_s: float
    ) -> None:
        """See `Watcher`."""
        self._saw(caller, reply.note)

    def answered_line(self, call: Call, caller: Caller, note: Note) -> None:
        """See `Watcher`."""
        self._saw(caller, note)

    def _saw(self, caller: Caller | None, note: Note) -> None:
        if note.outcome == "access_denied" and caller is not None and caller.api_key is not None:
            return  # the caller's own key, not the server's
        if note.is_of_state:
            return  # `_has_state` tells whether it lasts
        if note.outcome in _FAILURES:
            self._failed = _FAILURES[note.outcome], self._clock.monotonic()
        elif note.source == "api":
            self._failed = None


def windows_of(core: Core) -> Mapping[str, Any]:
    """The windows of the quota by our own record, as in `data.windows` of the action `quota`; empty if unknown."""
    response = core.run(Request("quota", {}, Options(cache="only", max_wait_s=0.0)))
    return (response["data"] or {}).get("windows") or {}


def _is_shut(core: Core) -> bool:
    """Whether the requests of the day or the month are used up."""
    windows = windows_of(core)
    long: Sequence[Mapping[str, Any]] = [windows[name] for name in _LONG_WINDOWS if name in windows]
    return any(window["used"] >= window["limit"] for window in long)
