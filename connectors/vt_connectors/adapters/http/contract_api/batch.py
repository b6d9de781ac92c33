"""`POST /v1/batch`: request documents as lines in, responses as lines out, in order and as they are ready."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from itertools import islice
from typing import Any, Callable

from .... import strict_json
from ....actions.request_batch import BatchAnswers
from ....clock import SystemClock
from ....contract.response import Response
from ....errors import Cancelled, InvalidRequest, internal_error
from ...runner.json_lines import DocumentReader
from ...runner.lines import Document
from ...runner.request_lines import MOST_REQUESTS, requests_in
from ..callers import Caller
from ..cores import AnyCore
from ..execution import Execution
from ..messages import Call, Note, Refused, Reply, note_of
from .bodies import checked_body
from .idempotency import HEADER

NDJSON = "application/x-ndjson"
MEDIA_TYPES = (NDJSON, "application/jsonl", "application/json")
AT_ONCE = 8
# Lines that are answered or being answered, and not yet taken by the client.
_AHEAD = 4 * AT_ONCE
_PIECE_BYTES = 64 * 1024
_LOOK_S = 0.5
_RETRY_AFTER_S = 5

Tell = Callable[[Call, Caller, Note], None]


def tell_nobody(call: Call, caller: Caller, note: Note) -> None:
    """The default `Tell`."""


class Batches:
    """At most `most` batches at once, because each has a thread of the server and `AT_ONCE` of its own.

    `tell(call, caller, note)` is called for each answered line.
    """

    def __init__(self, execution: Execution, clock: SystemClock, most: int, tell: Tell = tell_nobody) -> None:
        self._execution = execution
        self._clock = clock
        self._free = threading.BoundedSemaphore(most)
        self._tell = tell

    def reply(self, call: Call, caller: Caller) -> Reply:
        """A reply whose body is made while it is sent. Raises `Refused`: 429 if there are too many calls at once."""
        body = checked_body(call, MEDIA_TYPES)
        if HEADER.lower() in call.headers:
            raise Refused(400, "idempotency_key", f"{HEADER} is for single requests; send writes to /v1/run")
        if not self._free.acquire(blocking=False):
            again = (("Retry-After", str(_RETRY_AFTER_S)),)
            raise Refused(429, "too_many_batches", "too many batches at once; send this one again later", again)
        lines = self._lines(call, caller, body)
        # Begun here, so that it gives back its place whenever it ends, even if nothing of it is sent.
        next(lines)
        return Reply(200, lines, content_type=NDJSON, note=Note(action="batch"))

    def _lines(self, call: Call, caller: Caller, body: bytes) -> Iterator[bytes]:
        try:
            with self._execution.cores.core() as core, self._execution.places.place(caller.client) as has_place:
                yield b""
                answers = _Answers(self._execution, self._clock, core.within(BatchAnswers()), caller, has_place)
                with contextlib.closing(answers.of(bounded(documents_in(body)), call.is_gone)) as responses:
                    for document, response in responses:
                        self._tell(call, caller, note_of(response, document=document))
                        yield _line_of(response)
        finally:
            self._free.release()


class _Answers:
    """Answers the documents of one batch, several at the same time. It has one place for waiting, or does not wait."""

    def __init__(
        self, execution: Execution, clock: SystemClock, core: AnyCore, caller: Caller, has_place: bool
    ) -> None:
        self._execution = execution
        self._clock = clock
        self._core = core
        self._caller = caller
        self._longest_wait_s = None if has_place else 0.0

    def of(
        self, documents: Iterator[Document], is_gone: Callable[[], bool]
    ) -> Generator[tuple[Any, Response], None, None]:
        """Requests with their responses, in order. Documents are taken as their responses are.

        Closing it, or a client that `is_gone`, stops the rest. A request that was sent already is finished first.
        """
        pool = ThreadPoolExecutor(AT_ONCE, "vt-batch")
        ahead: deque[tuple[Any, Future[Response]]] = deque()
        try:
            while not is_gone():
                further = islice(documents, _AHEAD - len(ahead))
                ahead.extend((document.value, pool.submit(self._one, document)) for document in further)
                if not ahead:
                    return
                with contextlib.suppress(NotYet):
                    document, answer = ahead[0]
                    response = answer.result(_LOOK_S)
                    ahead.popleft()
                    yield document, response
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            # Lookups that found no quota are written to the queue.
            self._core.end_batch()

    def _one(self, document: Document) -> Response:
        if document.error is not None:
            return self._core.refuse(None, document.error)
        if self._clock.cancelled:
            return self._core.refuse(document.value, Cancelled("the server is stopping; this request was not started"))
        return self._execution.answer(
            document.value, self._caller, batch=True, core=self._core, longest_wait_s=self._longest_wait_s
        )


def documents_in(body: bytes) -> Iterator[Document]:
    """The requests of a body, each a JSON object: one on a line, on several lines, or in an array."""
    reader = DocumentReader()
    for at in range(0, len(body), _PIECE_BYTES):
        yield from _requests(reader.feed(body[at : at + _PIECE_BYTES]))
    yield from _requests(reader.end())


def bounded(documents: Iterator[Document], most: int = MOST_REQUESTS) -> Iterator[Document]:
    """The first `most` documents, and an error in the place of all further ones."""
    yield from islice(documents, most)
    for document in islice(documents, 1):
        message = f"the batch has more than {most} requests; from line {document.line} on, none was executed"
        yield Document(document.line, error=InvalidRequest(message, details={"line": document.line, "path": ""}))


def _requests(documents: Iterable[Document]) -> Iterator[Document]:
    return (request for document in documents for request in requests_in(document))


def _line_of(response: Response) -> bytes:
    try:
        return strict_json.dumps(response).encode("ascii") + b"\n"
    except (ValueError, TypeError, RecursionError):
        error = internal_error().to_dict()
        failed = {**response, "status": "error", "summary": f"error: {error['message']}", "data": None, "error": error}
        return strict_json.dumps(failed).encode("ascii") + b"\n"
