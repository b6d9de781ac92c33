"""Looks up many values concurrently and returns the answers as they arrive."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Callable, Optional, Union

from ...clock import StopFlag
from ...contract.documents import finds_no_quota
from ...errors import Internal
from ...threads import WorkThread, start_thread
from .connection import CLOSED, CallersClock

if TYPE_CHECKING:
    from ...contract.response import Response

LookUp = Callable[[str], "Response"]
AtHand = Callable[[str], Optional["Response"]]
_LOOK_S = 1.0
_Done = tuple[str, Union["Response", BaseException]]


class Batch:
    """`at_hand` answers a value without a request, if possible; it is used after another value found no quota.

    `answers(values)` may be run once. `stop()` ends it from any thread: calls stop waiting for quota, requests in
    flight are completed, and no further request is sent.
    """

    def __init__(self, look_up: LookUp, at_hand: AtHand, side_by_side: int, clock: CallersClock) -> None:
        self._look_up = look_up
        self._at_hand = at_hand
        self._no_quota = False
        self._side_by_side = side_by_side
        self._clock = clock
        self._pid = os.getpid()
        self._stopped = StopFlag()
        self._workers: list[WorkThread] = []
        # None means that there is no more work, and no more answers.
        self._to_do: queue.SimpleQueue[tuple[str] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[_Done | None] = queue.SimpleQueue()

    def answers(self, values: Iterable[str]) -> Iterator[tuple[str, Response]]:
        """Each value with its response, as it arrives.

        Values are taken in the caller's thread, because their source may belong to it. No value is taken while an
        answer is ready, or while `side_by_side` values are unanswered. An exception of the source is raised after the
        values taken so far are answered.
        """
        source = iter(values)
        more, unanswered = True, 0
        failure: Exception | None = None
        while more or unanswered:
            if more and unanswered < self._side_by_side and self._done.empty():
                try:
                    value = next(source)
                except StopIteration:
                    more = False
                except Exception as error:
                    more, failure = False, error
                else:
                    response = self._answer_at_hand(value)
                    if response is not None:
                        yield value, response
                    else:
                        self._give(value)
                        unanswered += 1
            else:
                yield self._next_done()
                unanswered -= 1
        self._dismiss()
        if failure is not None:
            raise failure

    def stop(self) -> None:
        # A forked process has no workers, and its locks may be held by threads that do not exist there.
        if self._pid == os.getpid():
            self._stopped.set()
            self._done.put(None)
            for _ in self._workers:
                self._to_do.put(None)

    def _answer_at_hand(self, value: str) -> Response | None:
        if not self._no_quota or self._pid != os.getpid():
            return None
        response = self._at_hand(value)
        self._no_quota = response is not None
        return response

    def _give(self, value: str) -> None:
        if len(self._workers) < self._side_by_side:
            worker = start_thread(self._work, "vt-lookup")
            if worker is not None:
                self._workers.append(worker)
        if self._workers:
            self._to_do.put((value,))
        else:
            self._done.put(self._answered(value))

    def _work(self) -> None:
        self._clock.wake_this_thread_at(self._stopped)
        while (given := self._to_do.get()) is not None and not self._stopped.is_set:
            self._done.put(self._answered(*given))

    def _answered(self, value: str) -> _Done:
        try:
            return value, self._look_up(value)
        except BaseException as error:
            return value, error

    def _next_done(self) -> tuple[str, Response]:
        if self._pid != os.getpid():
            raise RuntimeError("lookup_many cannot continue in a forked process; start it there")
        done = self._first_done()
        if done is None:
            raise RuntimeError(CLOSED)
        value, answer = done
        if isinstance(answer, BaseException):
            raise answer
        self._no_quota = self._no_quota or finds_no_quota(answer)
        return value, answer

    def _first_done(self) -> _Done | None:
        while True:
            try:
                return self._done.get(timeout=_LOOK_S)
            except queue.Empty:
                # A worker thread died, so its work will never be done.
                if not all(worker.is_alive for worker in self._workers) and self._done.empty():
                    raise Internal("a lookup thread died; the log may contain the reason") from None

    def _dismiss(self) -> None:
        """Stop the workers and wait for them, so that their connections are closed."""
        self.stop()
        for worker in self._workers:
            worker.join()
