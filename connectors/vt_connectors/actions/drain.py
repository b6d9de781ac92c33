"""Draining: looking up queued indicators with the quota that is left, oldest first."""

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
# A drain that found no quota ends; it does not return at the time that the refusal gives.
_CLAIM = Claim(batch=True, returns=False)
# An answer that was stored while its lookup was being queued is accepted.
_MEANWHILE_S = 1.0
# After this many failures in a row the run ends.
_FAILURES = 3
# These errors end the run, because they concern every indicator.
_END_THE_RUN = ("access_denied", "config_error")
_PERMANENT = ("invalid_indicator", "invalid_request", "unknown_action", "forbidden", "conflict", "too_large")


class Run(Protocol):
    def __call__(self, request: Request, /, *, keep: int | None, claim: Claim) -> Response: ...


class DrainLimits(NamedTuple):
    """`keep`: requests of the day that are reserved for other callers; None: the default share. `max_wait_s`: how long
    to wait for quota. The run ends if `stopped()`, which is checked before each entry.
    """

    keep: int | None = None
    max_wait_s: float = 0.0
    stopped: Callable[[], bool] | None = None


class DrainResult(NamedTuple):
    """Numbers of entries.

    `asked`: a request was sent. `failed`: no answer; they stay queued unless the failure is permanent. `dropped`:
    answered by other callers in the meantime, or no longer allowed. `left`: still queued. `message`: the first error,
    or None.
    """

    asked: int = 0
    answered: int = 0
    not_found: int = 0
    failed: int = 0
    dropped: int = 0
    left: int = 0
    message: str | None = None


# Called with each response and the result so far; `left` is known at the end only.
OnResponse = Callable[["Response", DrainResult], None]


class Drain:
    """One run. Entries are taken in order, some concurrently, each once. An entry leaves the queue when its answer is
    in the shared cache.
    """

    def __init__(self, run: Run, context: Context, limits: DrainLimits, on_response: OnResponse | None) -> None:
        self._run = run
        self._context = context
        self._limits = limits
        self._on_response = on_response
        self._deadline = context.clock.monotonic() + limits.max_wait_s
        self._lock = threading.Lock()
        self._taken: set[tuple[str, int]] = set()
        # How many of the taken entries are still queued.
        self._still_queued = 0
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
        """A failure ends the run in all threads."""
        try:
            while self._step():
                pass
        except BaseException as failure:
            self._is_over = True
            self._failure = failure

    def _step(self) -> bool:
        """Look up the next entry. Returns False if there is none."""
        entry = self._next()
        if entry is None:
            return False
        response = self._run(self._request(entry), keep=self._limits.keep, claim=_CLAIM)
        with self._lock:
            if self._settle(entry, response):
                self._context.pending.remove(entry)
                self._still_queued -= 1
            if self._on_response is not None:
                self._on_response(response, self._done)
        return True

    def _next(self) -> PendingLookup | None:
        """The oldest entry that was not taken yet. The queue is read each time: other processes may drain it too."""
        with self._lock:
            self._is_over = self._is_over or (self._limits.stopped is not None and self._limits.stopped())
            found = [] if self._is_over else self._context.pending.oldest(self._still_queued + 1)
            entry = next((entry for entry in found if (entry.key, entry.parts_mask) not in self._taken), None)
            if entry is not None:
                self._taken.add((entry.key, entry.parts_mask))
                self._still_queued += 1
            return entry

    def _request(self, entry: PendingLookup) -> Request:
        """The lookup; it accepts any answer that was stored after the entry was queued."""
        clock = self._context.clock
        options = Options(
            max_age_s=max(0.0, clock.now() - entry.queued_at + _MEANWHILE_S),
            max_wait_s=max(0.0, self._deadline - clock.monotonic()),
            include=entry.parts,
        )
        return Request(f"lookup_{entry.kind}", {entry.kind: entry.value}, options)

    def _settle(self, entry: PendingLookup, response: Response) -> bool:
        """Count the response. Returns whether the entry may leave the queue."""
        error, asked = response["error"], response["meta"]["requests"] > 0
        if error is None:
            self._failures = 0
            self._count(_became(response), asked)
            # An answer in this process's memory only is of no use to the process that queued the entry.
            return response["status"] == "skipped" or self._context.cache.is_shared
        code = error["code"]
        if code in ("rate_limited", "cancelled"):
            # A follower that timed out says nothing about the quota for other indicators.
            self._is_over = self._is_over or code == "cancelled" or finds_no_quota(response)
            self._note_error(error)
            return False
        self._count("failed", asked)
        self._note_error(error)
        # `forbidden` without a request only predicts a refusal, so the entry stays queued.
        if code in _PERMANENT and (asked or code != "forbidden"):
            shown = without_user(without_keys(entry.value))
            _LOG.warning("the %s %.80r leaves the queue: %s: %s", entry.kind, shown, code, error["message"])
            return True
        self._failures += 1
        self._is_over = self._is_over or code in _END_THE_RUN or self._failures >= _FAILURES
        return False

    def _count(self, name: str, asked: bool) -> None:
        counts = self._done._asdict()
        counts[name] += 1
        counts["asked"] += asked
        self._done = DrainResult(**counts)

    def _note_error(self, error: ErrorDocument) -> None:
        """Record the first error."""
        if self._done.message is None:
            self._done = self._done._replace(message=error["message"])


def _became(response: Response) -> str:
    if response["meta"]["source"] != "api":
        return "dropped"
    return "not_found" if response["status"] == "not_found" else "answered"
