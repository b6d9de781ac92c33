"""`vtaction run`: requests on stdin, one response line for each on stdout, in order, as soon as they are ready."""

from __future__ import annotations

import gc
import threading
from collections import deque
from collections.abc import Iterable, Iterator

from ... import strict_json
from ...clock import SystemClock
from ...contract import FAILED, ExitCode
from ...errors import Cancelled, ConnectorError, internal_error
from ...light_typing import TYPE_CHECKING
from ...log import logger
from ...quick_imports import Empty, SimpleQueue
from ...threads import start_thread
from ..process.descriptors import Input, Output
from ..process.termination import LAST_WORDS_S, LOOK_S, Termination, lost
from ..process.workers import Job, Workers
from .lines import Document, RefusedInput
from .request_lines import Answering, AtHand, Batches, PlainLines, RunLine, claim_of_batch, requests_in

if TYPE_CHECKING:
    from ...contract.response import Response

_LOG = logger("runner")
WORKERS = 8
_READ_AHEAD = 64
# The rest of the input is given up after this many failures to read, for example without memory.
_READING_FAILURES = 100
# After a request to end: how long lines are still read, and how long a blocked output is waited for.
_LAST_LINES_S = 5.0
_LAST_OUTPUT_S = 3.0
# How long it may take to store the remaining lookups in the queue.
_LAST_WRITE_S = 30.0

# The response if there is no memory to make one.
NO_MEMORY = (
    b'{"v":1,"id":null,"action":null,"status":"error","summary":"error: out of memory","data":null,"error":{"code":'
    b'"internal","message":"out of memory","retryable":false,"retry_after_s":null,"http_status":null,"vt_code":null,'
    b'"details":{}},"meta":{"source":null,"fetched_at":null,"age_s":null,"requests":0,"waited_s":0.0,"quota":{},'
    b'"duration_ms":0,"version":""}}\n'
)


class Runner:
    """Reads, executes and writes at the same time; `workers` lines are executed concurrently.

    Every line is answered and the process ends, even if a thread fails.
    """

    def __init__(self, core: Answering, clock: SystemClock, workers: int = WORKERS) -> None:
        self._core = core
        self._clock = clock
        self._workers = Workers(workers, AtHand(core, clock))
        self._batches = Batches(core, clock)
        self._ending = Termination(clock)
        self._in_order: SimpleQueue[RunLine | None] = SimpleQueue()
        self._room = threading.Semaphore(_READ_AHEAD)
        # Input that was read and not given to the workers yet.
        self._piece: bytes | None = None
        self._found: deque[Document] = deque()
        # The number of lines that were read, and of those whose answers were written or are being written.
        self._read_lines = 0
        self._answered_lines = 0
        self.exit_code = ExitCode()

    def run(self, stdin: Input, stdout: Output) -> int:
        """Returns the exit status. Raises `BrokenPipeError` if the reader is gone, and `OSError` if writing fails."""
        self._ending.output = stdout
        try:
            for line in self._lines(stdin):
                response, written = self._response_line(line)
                # Counted before it is written, because its reader may send the next line immediately.
                self._answered_lines += 1
                _collect_garbage()
                stdout.write(written, self._waits_for_output)
                if response is not None:
                    self._delivered(response)
        finally:
            self._end_batch()
        return self.exit_code.value

    def _delivered(self, response: Response) -> None:
        try:
            self._core.delivered(response)
        except Exception:
            internal_error()  # the response is written; what is not recorded is repeated

    def _end_batch(self) -> None:
        """End the batch in a thread, because the state may be locked, perhaps by a dead thread."""
        try:
            if self._core.ends_at_once:
                return
        except Exception:
            internal_error()  # it is ended as if there were something to end
        end = Job(self._core.end_batch)
        if start_thread(end.run, "vt-end") is None:
            return
        began = self._clock.monotonic()
        while not end.wait(LOOK_S) and self._clock.monotonic() - began < _LAST_WRITE_S:
            self._ending.look()
            if self._ending.for_s > _LAST_OUTPUT_S:
                return

    def _response_line(self, line: RunLine) -> tuple[Response | None, bytes]:
        """The response and its line; no response if there is no memory for one."""
        try:
            response = self._finished(line)
            try:
                written = bytes_of(response)
            except (ValueError, TypeError, RecursionError):
                response = self._core.refuse(line.document.value, lost(line, internal_error()))
                written = bytes_of(response)
        except Exception:
            self.exit_code.add(FAILED)
            return None, NO_MEMORY
        self.exit_code.saw(response)
        return response, written

    def _waits_for_output(self) -> bool:
        self._ending.look()
        return self._ending.for_s < _LAST_OUTPUT_S

    def _lines(self, stdin: Input) -> Iterator[RunLine]:
        reader = start_thread(lambda: self._read(stdin), "vt-reader")
        if reader is None:
            yield from self._incoming(stdin)
            return
        while True:
            self._ending.look()
            try:
                line = self._in_order.get(timeout=LOOK_S)
            except Empty:
                is_over = not reader.is_alive or self._ending.for_s > _LAST_LINES_S + LAST_WORDS_S
                if is_over and self._in_order.empty():
                    return
                continue
            self._room.release()
            if line is None:
                return
            yield line

    def _read(self, stdin: Input) -> None:
        try:
            for line in self._incoming(stdin):
                self._room.acquire()
                self._in_order.put(line)
        finally:
            self._in_order.put(None)

    def _incoming(self, stdin: Input) -> Iterator[RunLine]:
        """Each line, after it was given to the workers. If reading fails, further lines are answered with the error."""
        reader: PlainLines | RefusedInput = PlainLines(at_terminal=stdin.is_terminal)
        for _ in range(_READING_FAILURES):
            try:
                yield from self._given(stdin, reader)
                return
            except OSError as error:
                _LOG.error("stdin cannot be read to its end (%s); the requests before the error are answered", error)
                self.exit_code.add(FAILED)
                self._find(reader.end())
                yield from self._give_all()
                return
            except Exception:
                self.exit_code.add(FAILED)
                if isinstance(reader, PlainLines):
                    reader = RefusedInput(internal_error(), reader.in_hand)
                    self._find(reader.held())

    def _given(self, stdin: Input, reader: PlainLines | RefusedInput) -> Iterator[RunLine]:
        quiet_s = 0.0
        # The input that was in hand when reading failed comes first.
        piece = self._piece or stdin.read(LOOK_S)
        while piece != b"":
            self._ending.look()
            self._piece = piece
            if piece is None:
                self._batches.pause()
            quiet_s = 0.0 if piece else quiet_s + LOOK_S
            self._find(reader.feed(piece) if piece else reader.quiet(quiet_s))
            self._piece = None
            yield from self._give_all()
            if self._clock.cancelled and (piece is None or self._ending.for_s > _LAST_LINES_S):
                cut_off = Cancelled("the process was asked to end before the rest of the request arrived")
                self._find(document._replace(error=document.error and cut_off) for document in reader.end())
                break
            piece = stdin.read(LOOK_S)
        else:
            self._find(reader.end())
        yield from self._give_all()

    def _find(self, documents: Iterable[Document]) -> None:
        some = [request for document in documents for request in requests_in(document)]
        if self._read_lines == self._answered_lines:
            self._batches.pause()
        self._read_lines += len(some)
        self._found.extend(some)

    def _give_all(self) -> Iterator[RunLine]:
        while self._found:
            line = RunLine(self._found[0], self._batches.core, self._respond)
            self._workers.give(line)
            self._found.popleft()
            yield line

    def _respond(self, document: Document, core: Answering) -> Response:
        if document.error is not None:
            return self._core.refuse(None, document.error)
        if self._clock.cancelled:
            error = Cancelled("the process was asked to end before this request was started")
            return self._core.refuse(document.value, error)
        # Several unanswered lines are a batch; a single one is interactive.
        is_batch = self._read_lines - self._answered_lines > 1
        response = core.answer(document.value, claim_of_batch() if is_batch else None)
        if response["error"] is not None and response["error"]["details"].get("cause") == "memory":
            self._workers.in_trouble = True
        return response

    def _finished(self, line: RunLine) -> Response:
        outcome = self._ending.outcome_of(line, self._workers)
        return self._core.refuse(line.document.value, outcome) if isinstance(outcome, ConnectorError) else outcome


def _collect_garbage() -> None:
    """Collect it from the first answer on. What the imports made stays, so it is not searched, which takes as long as
    a tenth of a short process.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def bytes_of(response: Response) -> bytes:
    """The response as a line. Raises `ValueError`, `TypeError` or `RecursionError` if it is not valid JSON."""
    return strict_json.dumps(response).encode("ascii") + b"\n"
