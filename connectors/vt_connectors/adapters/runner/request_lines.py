"""The lines of `vtaction run` on their way: each by itself, or many at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Callable, Protocol

from ...actions import Action, action_of
from ...actions.request_batch import BatchAnswers
from ...clock import SystemClock
from ...contract.documents import finds_no_quota
from ...errors import ConnectorError
from ...quota.waiters import BATCH, Claim
from ..process.workers import Job
from .document import Document, refused_whole

if TYPE_CHECKING:
    from ...contract.response import Response

# Answers are older than their callers think in a batch that never ends.
_LONGEST_BATCH_S = 60.0

# More requests in one array would take minutes and hundreds of megabytes of answers at once. One a line they may go on
# for ever.
MOST_REQUESTS = 20_000


class Answering(Protocol):
    """The core, as far as it is used here."""

    def within(self, batch: BatchAnswers) -> Answering: ...

    def answer(self, document: object, claim: Claim | None = None) -> Response: ...

    def answers_at_hand(self, documents: Sequence[object], claim: Claim | None = None) -> list[Response | None]: ...

    def refuse(self, document: object, error: ConnectorError) -> Response: ...

    def end_batch(self) -> None: ...


class RunLine(Job):
    """A line on its way, which the `core` of its batch answers."""

    def __init__(self, document: Document, core: Answering, respond: Callable[[Document, Answering], Response]) -> None:
        super().__init__(lambda: respond(document, core))
        self.document = document

    @property
    def action(self) -> Action | None:
        return action_of(self.document.value)


class Batches:
    """The lines that come while others are unanswered, without a pause, are one batch: equal ones are asked once."""

    def __init__(self, core: Answering, clock: SystemClock) -> None:
        self._core = core
        self._clock = clock
        self._began = -math.inf
        self._current = core

    @property
    def core(self) -> Answering:
        """The core for the batch that is coming in."""
        if self._clock.monotonic() - self._began > _LONGEST_BATCH_S:
            self._began = self._clock.monotonic()
            self._current = self._core.within(BatchAnswers())
        return self._current

    def pause(self) -> None:
        """Nothing came for a while, or all that came is answered: what comes next is another batch."""
        self._began = -math.inf


class AtHand:
    """Lines that would find no quota either, as the one before them: answered many at once, as far as possible."""

    def __init__(self, core: Answering, clock: SystemClock) -> None:
        self._core = core
        self._clock = clock

    def goes_on(self, response: Response) -> bool:
        return finds_no_quota(response)

    def run(self, jobs: Sequence[Job]) -> None:
        if self._clock.cancelled:
            return
        lines = [job for job in jobs if isinstance(job, RunLine) and job.document.error is None]
        for line, response in zip(lines, self._core.answers_at_hand([line.document.value for line in lines], BATCH)):
            if response is not None:
                line.finish(response)


def requests_in(document: Document) -> Iterator[Document]:
    """The document itself; of an array each element, in order.

    One that has no request in it, or something that is not an object, is one refusal, and none of it is executed.
    """
    if not isinstance(document.value, list):
        yield document
        return
    why = _why_not(document.value)
    if why is None:
        yield from (Document(document.line, value) for value in document.value)
    else:
        yield refused_whole(document.line, why)


def _why_not(array: list[object]) -> str | None:
    if not array:
        return "is empty"
    if len(array) > MOST_REQUESTS:
        return f"has {len(array)} requests; {MOST_REQUESTS} is the most: write one a line, without the array"
    wrong = next((place for place, value in enumerate(array, 1) if not isinstance(value, dict)), None)
    return None if wrong is None else f"has an element that is no object (the one at place {wrong})"
