"""`vtaction run`: requests on stdin, one response line each on stdout, in order, as soon as they are ready."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

from ..actions import ACTIONS
from ..clock import SystemClock
from ..contract import error_response, request_id
from ..errors import Cancelled, ConnectorError, OutcomeUnknown
from .documents import Document, documents
from .exit_codes import ExitCode

Answer = Callable[[object], dict[str, Any]]
WORKERS = 8
_READ_AHEAD = 64
# After a request to stop: how long the line in hand may still take, and how long further lines are waited for.
_LAST_WORDS_S = 1.0
_LINGER_S = 0.2


class _Job:
    """One line on its way: `response` is there when `done` is set."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.done = threading.Event()
        self.response: dict[str, Any] = {}


class Runner:
    """Reads, works and writes at the same time: `workers` lines are worked on side by side."""

    def __init__(self, answer: Answer, clock: SystemClock, workers: int = WORKERS) -> None:
        self._answer = answer
        self._clock = clock
        self._workers = workers
        self._in_order: queue.Queue[_Job | None] = queue.Queue(_READ_AHEAD)
        self._to_do: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self.exit_code = ExitCode()

    def run(self, stdin: BinaryIO, stdout: BinaryIO) -> int:
        """The exit status. Raises `BrokenPipeError` when nobody reads any more."""
        threading.Thread(target=self._read, args=(stdin,), daemon=True).start()
        while (job := self._next()) is not None:
            response = self._finished(job)
            self.exit_code.saw(response)
            stdout.write(json.dumps(response, separators=(",", ":")).encode("ascii") + b"\n")
            stdout.flush()
        return self.exit_code.value

    def _read(self, stdin: BinaryIO) -> None:
        started = 0
        for document in documents(stdin):
            job = _Job(document)
            if started < self._workers:
                threading.Thread(target=self._work, daemon=True).start()
                started += 1
            self._in_order.put(job)
            self._to_do.put(job)
        self._in_order.put(None)

    def _work(self) -> None:
        while True:
            job = self._to_do.get()
            job.response = self._respond(job.document)
            job.done.set()

    def _respond(self, document: Document) -> dict[str, Any]:
        if document.error is not None:
            return error_response(None, None, document.error)
        if self._clock.cancelled:
            return _unanswered(document, Cancelled("the process was asked to end before this line's turn"))
        return self._answer(document.value)

    def _next(self) -> _Job | None:
        while True:
            try:
                return self._in_order.get(timeout=_LINGER_S)
            except queue.Empty:
                if self._clock.cancelled:
                    return None

    def _finished(self, job: _Job) -> dict[str, Any]:
        while not job.done.wait(_LINGER_S):
            if self._clock.cancelled and not job.done.wait(_LAST_WORDS_S):
                return _unanswered(job.document, _cut_short(job.document))
        return job.response


def _cut_short(document: Document) -> ConnectorError:
    name = document.value.get("action") if isinstance(document.value, dict) else None
    action = ACTIONS.get(name) if isinstance(name, str) else None
    if action is not None and action.writes:
        return OutcomeUnknown("the process was asked to end while the request was under way; it was not repeated")
    return Cancelled("the process was asked to end while the request was under way")


def _unanswered(document: Document, error: ConnectorError) -> dict[str, Any]:
    value = document.value if isinstance(document.value, dict) else {}
    action = value.get("action")
    return error_response(action if isinstance(action, str) else None, request_id(value), error)


def take_stdout_aside() -> BinaryIO:
    """The real stdout, for response lines alone: what any library prints goes to stderr from now on."""
    sys.stdout.flush()
    real = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return real
