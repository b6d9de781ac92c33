"""The lines of `vtaction run`: read as requests, and as jobs, single or many at once."""

from __future__ import annotations

import math
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence

from ... import strict_json
from ...actions import is_write
from ...actions.context import new_batch
from ...clock import SystemClock
from ...contract.documents import finds_no_quota
from ...deferred import deferred
from ...errors import ConnectorError
from ...light_typing import TYPE_CHECKING, Callable, Protocol
from ..process.workers import Job
from .lines import LONGEST_BYTES, Document, InHand, Place, refused_whole

if TYPE_CHECKING:
    from ...actions.request_batch import BatchAnswers
    from ...contract.response import Response
    from ...quota.waiters import Claim
    from .json_lines import DocumentReader

# A batch that never ended would return outdated answers.
_LONGEST_BATCH_S = 60.0

# More requests in one array would take minutes and hundreds of megabytes of answers at once. The number of lines is
# unlimited.
MOST_REQUESTS = 20_000
# Deeper nesting is for the reader of all documents to judge.
_MOST_BRACKETS = 100


class Answering(Protocol):
    """The part of the core that is used here."""

    def within(self, batch: BatchAnswers) -> Answering: ...

    def delivered(self, response: Response) -> None: ...

    def answer(self, document: object, claim: Claim | None = None) -> Response: ...

    def answers_at_hand(self, documents: Sequence[object], claim: Claim | None = None) -> list[Response | None]: ...

    def refuse(self, document: object, error: ConnectorError) -> Response: ...

    def end_batch(self) -> None: ...

    @property
    def ends_at_once(self) -> bool: ...


class RunLine(Job):
    """A line as a job, which the `core` of its batch answers."""

    def __init__(self, document: Document, core: Answering, respond: Callable[[Document, Answering], Response]) -> None:
        super().__init__(lambda: respond(document, core), writes=is_write(document.value))
        self.document = document


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
            self._current = self._core.within(deferred(new_batch))
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


class PlainLines:
    """Has the methods of `DocumentReader`, which it imports and gives the input to from the first piece on that is more
    than complete lines with one object each. Until then a process starts faster.
    """

    def __init__(self, *, at_terminal: bool = False) -> None:
        """`at_terminal`: the input is typed line by line."""
        self._at_terminal = at_terminal
        self._number = 1
        self._read_bytes = 0
        self._reader: DocumentReader | None = None

    @property
    def in_hand(self) -> InHand:
        return InHand(place=Place(self._number)) if self._reader is None else self._reader.in_hand

    def feed(self, piece: bytes) -> list[Document]:
        if self._reader is None:
            found = _plain(piece, self._number)
            if found is not None:
                self._number += len(found)
                self._read_bytes += len(piece)
                return found
        return self._rest().feed(piece)

    def quiet(self, seconds: float) -> list[Document]:
        return [] if self._reader is None else self._reader.quiet(seconds)

    def end(self) -> list[Document]:
        return [] if self._reader is None else self._reader.end()

    def _rest(self) -> DocumentReader:
        if self._reader is None:
            from .json_lines import DocumentReader

            self._reader = DocumentReader(
                at_terminal=self._at_terminal, number=self._number, read_bytes=self._read_bytes
            )
        return self._reader


def _plain(piece: bytes, number: int) -> list[Document] | None:
    """The documents of a piece that is complete lines with one object each; else None."""
    if len(piece) > LONGEST_BYTES or not piece.endswith((b"}\n", b"}\r\n")) or piece.startswith(BOM_UTF8):
        return None
    found: list[Document] = []
    try:
        for line in piece[:-1].split(b"\n"):
            if line.count(b"{") + line.count(b"[") > _MOST_BRACKETS:
                return None
            value = strict_json.loads_once(line.decode("utf-8"))
            if not isinstance(value, dict):
                return None
            found.append(Document(number + len(found), value))
    except (ValueError, RecursionError):
        return None
    return found
