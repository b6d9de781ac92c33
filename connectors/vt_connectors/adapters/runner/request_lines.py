"""The lines of `vtaction run` as jobs: single, or many at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ...actions import Action, action_of
from ...actions.request_batch import BatchAnswers
from ...clock import SystemClock
from ...contract.documents import finds_no_quota
from ...errors import ConnectorError
from ...light_typing import TYPE_CHECKING, Callable, Protocol
from ..process.workers import Job
from .lines import Document, refused_whole

if TYPE_CHECKING:
    from ...contract.response import Response
    from ...quota.waiters import Claim

# A batch that never ended would return outdated answers.
_LONGEST_BATCH_S = 60.0

# More requests in one array would take minutes and hundreds of megabytes of answers at once. The number of lines is
# unlimited.
MOST_REQUESTS = 20_000


class Answering(Protocol):
    """The part of the core that is used here."""

    def within(self, batch: BatchAnswers) -> Answering: ...

    def answer(self, document: object, claim: Claim | None = None) -> Response: ...

    def answers_at_hand(self, documents: Sequence[object], claim: Claim | None = None) -> list[Response | None]: ...

    def refuse(self, document: object, error: ConnectorError) -> Response: ...

    def end_batch(self) -> None: ...


class RunLine(Job):
    """A line as a job, which the `core` of its batch answers."""

    def __init__(self, document: Document, core: Answering, respond: Callable[[Document, Answering], Response]) -> None:
        super().__init__(lambda: respond(document, core))
        self.document = document

    @property
    def action(self) -> Action | None:
        return action_of(self.document.value)


class Batches:
    """Lines that arrive without a pause while others are unanswered are one batch: equal requests are sent once."""

    def __init__(self, core: Answering, clock: SystemClock) -> None:
        self._core = core
        self._clock = clock
        self._began = -math.inf
        self._current = core

    @property
    def core(self) -> Answering:
        """The core for the current batch."""
        if self._clock.monotonic() - self._began > _LONGEST_BATCH_S:
            self._began = self._clock.monotonic()
            self._current = self._core.within(BatchAnswers())
        return self._current

    def pause(self) -> None:
        """End the batch, because no line arrived for a while or all lines are answered."""
        self._began = -math.inf


class AtHand:
    """After a line that found no quota, answers many lines at once that would find none either."""

    def __init__(self, core: Answering, clock: SystemClock) -> None:
        self._core = core
        self._clock = clock

    def goes_on(self, response: Response) -> bool:
        return finds_no_quota(response)

    def run(self, jobs: Sequence[Job]) -> None:
        if self._clock.cancelled:
            return
        lines = [job for job in jobs if isinstance(job, RunLine) and job.document.error is None]
        for line, response in zip(
            lines, self._core.answers_at_hand([line.document.value for line in lines], claim_of_batch())
        ):
            if response is not None:
                line.finish(response)


def claim_of_batch() -> Claim:
    from ...quota.waiters import BATCH

    return BATCH


def requests_in(document: Document) -> Iterator[Document]:
    """The document itself, or each element of an array, in order.

    An array that is empty or has an element that is not an object is refused as a whole, and none of it is executed.
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
        return f"has {len(array)} requests; at most {MOST_REQUESTS} are allowed: write one per line, without the array"
    wrong = next((place for place, value in enumerate(array, 1) if not isinstance(value, dict)), None)
    return None if wrong is None else f"has an element that is not an object (element {wrong})"
