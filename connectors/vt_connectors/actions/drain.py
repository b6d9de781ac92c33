"""Spending what is left of the quota on what is queued, oldest first."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Callable, NamedTuple, Protocol

from ..contract.documents import Options, Request, finds_no_quota
from ..indicators import without_user
from ..log import logger
from ..pending import PendingLookup
from ..quota.waiters import Claim
from ..redaction import without_keys
from ..threads import start_thread
from .context import Context

if TYPE_CHECKING:
    from ..contract.response import Response
    from ..errors import ErrorDocument

_LOG = logger("actions.drain")
_SIDE_BY_SIDE = 4
# A drain that found no quota comes again when it is started again, not at the time that it was told.
_CLAIM = Claim(batch=True, returns=False)
# An answer that came while its lookup was being queued answers it.
_MEANWHILE_S = 1.0
# So many failures on end mean that there is no use in going on now.
_FAILURES = 3
# What ends a run: the trouble is not one indicator's.
_NOT_THE_ENTRYS = ("access_denied", "config_error")
_FOR_GOOD = ("invalid_indicator", "invalid_request", "unknown_action", "forbidden", "conflict", "too_large")


class Run(Protocol):
    def __call__(self, request: Request, /, *, keep: int | None, claim: Claim) -> Response: ...


class DrainLimits(NamedTuple):
    """How far to go. `keep`: requests of the day that are left to others; None: the usual share. `stopped` is looked
    at before each entry.
    """

    keep: int | None = None
    max_wait_s: float = 0.0
    stopped: Callable[[], bool] | None = None


class DrainResult(NamedTuple):
    """What became of the entries.

    `asked`: VirusTotal was. `failed`: without an answer; they stay, unless it is for good. `dropped`: answered
    meanwhile, or not to be asked any more. `left`: in the queue now. `message`: why not all went well, or None.
    """

    asked: int = 0
    answered: int = 0
    not_found: int = 0
    failed: int = 0
    dropped: int = 0
    left: int = 0
    message: str | None = None


# Hears each answer, with what became of all entries so far; `left` is known at the end only.
OnResponse = Callable[["Response", DrainResult], None]


class Drain:
    """One run. Entries are met in order, some side by side, each once. One leaves the queue when its answer is kept
    where all find it.
    """

    def __init__(self, run: Run, context: Context, spend: DrainLimits, heard: OnResponse | None) -> None:
        self._run = run
        self._context = context
        self._spend = spend
        self._heard = heard
        self._deadline = context.clock.monotonic() + spend.max_wait_s
        self._lock = threading.Lock()
        self._met: set[tuple[str, int]] = set()
        # How many of those are in the queue yet.
        self._staying = 0
        self._failures = 0
        self._is_over = False
        self._failure: BaseException | None = None
        self._done = DrainResult()

    def run(self) -> DrainResult:
        threads = [start_thread(self._work, "vt-drain") for _ in range(_SIDE_BY_SIDE - 1)]
        self._work()
        for thread in threads:
            if thread is not None:
                thread.join()
        if self._failure is not None:
            raise self._failure
        return self._done._replace(left=self._context.pending.stats()["entries"])

    def _work(self) -> None:
        """A failure ends the run, of all threads."""
        try:
            while self._step():
                pass
        except BaseException as failure:
            self._is_over = True
            self._failure = failure

    def _step(self) -> bool:
        """Whether there was an entry to ask for."""
        entry = self._next()
        if entry is None:
            return False
        response = self._run(self._request(entry), keep=self._spend.keep, claim=_CLAIM)
        with self._lock:
            if self._settle(entry, response):
                self._context.pending.remove(entry)
                self._staying -= 1
            if self._heard is not None:
                self._heard(response, self._done)
        return True

    def _next(self) -> PendingLookup | None:
        """The oldest that was not met yet. Read each time anew: others may be draining too."""
        with self._lock:
            self._is_over = self._is_over or (self._spend.stopped is not None and self._spend.stopped())
            found = [] if self._is_over else self._context.pending.oldest(self._staying + 1)
            entry = next((entry for entry in found if (entry.key, entry.parts_mask) not in self._met), None)
            if entry is not None:
                self._met.add((entry.key, entry.parts_mask))
                self._staying += 1
            return entry

    def _request(self, entry: PendingLookup) -> Request:
        """An answer that anybody got since the entry was put will do."""
        clock = self._context.clock
        options = Options(
            max_age_s=max(0.0, clock.now() - entry.queued_at + _MEANWHILE_S),
            max_wait_s=max(0.0, self._deadline - clock.monotonic()),
            include=entry.parts,
        )
        return Request(f"lookup_{entry.kind}", {entry.kind: entry.value}, options)

    def _settle(self, entry: PendingLookup, response: Response) -> bool:
        """Count it; whether the entry is done with."""
        error, asked = response["error"], response["meta"]["requests"] > 0
        if error is None:
            self._failures = 0
            self._count(_became(response), asked)
            # An answer that only this process has is none to others.
            return response["status"] == "skipped" or self._context.cache.is_shared
        code = error["code"]
        if code in ("rate_limited", "cancelled"):
            # Who only follows another that waits for quota for the same indicator is alone in its trouble.
            self._is_over = self._is_over or code == "cancelled" or finds_no_quota(response)
            self._say(error)
            return False
        self._count("failed", asked)
        self._say(error)
        # What a refused call of this kind foretells of others is no reason to give them up.
        if code in _FOR_GOOD and (asked or code != "forbidden"):
            shown = without_user(without_keys(entry.value))
            _LOG.warning("the %s %.80r leaves the queue: %s: %s", entry.kind, shown, code, error["message"])
            return True
        self._failures += 1
        self._is_over = self._is_over or code in _NOT_THE_ENTRYS or self._failures >= _FAILURES
        return False

    def _count(self, name: str, asked: bool) -> None:
        counts = self._done._asdict()
        counts[name] += 1
        counts["asked"] += asked
        self._done = DrainResult(**counts)

    def _say(self, error: ErrorDocument) -> None:
        """The first trouble is told."""
        if self._done.message is None:
            self._done = self._done._replace(message=error["message"])


def _became(response: Response) -> str:
    if response["meta"]["source"] != "api":
        return "dropped"
    return "not_found" if response["status"] == "not_found" else "answered"
