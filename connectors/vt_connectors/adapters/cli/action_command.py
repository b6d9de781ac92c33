"""Actions for people: a card or a table on a terminal, JSON lines in a pipe, and a progress bar."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import islice
from typing import TYPE_CHECKING, Any, Callable, Protocol

from ...actions import ACTIONS, Action
from ...actions.local_answers import plain_lookup
from ...actions.lookup_port import LookingUp
from ...actions.request_batch import BatchAnswers
from ...config.text_encoding import Lines
from ...contract import RETRY_LATER, ExitCode
from ...contract.documents import Options, Request, finds_no_quota
from ...errors import Cancelled, ConnectorError
from ...indicators import shown_without_credentials
from ...observer import SILENT, Observer
from ...quota.waiters import BATCH, Claim
from ..core_from_environment import core_from
from ..process.descriptors import Input
from ..process.termination import LOOK_S, Termination
from ..process.workers import EachByItself, Job, Workers
from .action_arguments import given_params

if TYPE_CHECKING:
    from ...contract.response import Response

_SIDE_BY_SIDE = 4
# How many requests the threads get before the first response, and how many are answered at once without threads.
_AHEAD = 4 * _SIDE_BY_SIDE
_AT_ONCE = 1000
_PIECE_BYTES = 65536


class Answering(LookingUp, Protocol):
    def run(self, request: Request, observer: Observer = SILENT, *, claim: Claim | None = None) -> Response: ...

    def refuse(self, document: object, error: ConnectorError) -> Response: ...


class _WaitsOnly(Observer):
    """Passes on that requests wait: the bytes of several files would be mixed up."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def waits_for_quota(self, waits: bool) -> None:
        self._observer.waits_for_quota(waits)


class Progress(Observer):
    """Shows progress; this class shows nothing."""

    def aside(self) -> AbstractContextManager[None]:
        """Hide the progress within the block and for a moment after it."""
        return contextlib.nullcontext()


def act(options: argparse.Namespace, environment: Mapping[str, str], ending: Termination, chosen: str) -> int:
    """Run the action and print its answers in the format `chosen`. Returns the exit status. After a request to end, the
    remaining requests are answered with `cancelled`.
    """
    as_lines = chosen == "ndjson"
    core = core_from(environment, ending.clock).within(BatchAnswers())
    requests = list(requests_of(options, ending))
    code = ExitCode()
    shown = []
    try:
        with bars(len(requests), as_lines, options.max_wait) as seen:
            for response in _Answers(core, ending, seen).of(requests):
                seen.answered(response)
                code.saw(response)
                if as_lines:
                    with seen.aside():
                        sys.stdout.write(json.dumps(response) + "\n")
                        sys.stdout.flush()
                    core.delivered(response)
                else:
                    shown.append(response)
    finally:
        core.end_batch()
    if ending.clock.cancelled:
        code.add(RETRY_LATER)
    if shown:
        from .output.responses import show

        show(options.action, shown, chosen, ending.clock.now())
        sys.stdout.flush()
        for response in shown:
            core.delivered(response)
    return code.value


def requests_of(options: argparse.Namespace, ending: Termination) -> Iterator[Request]:
    """One request for each value; a single one if the action has no value. Reading stdin stops on a request to end."""
    action: Action = options.action
    how = Options(
        cache=options.cache,
        max_age_s=options.max_age,
        max_wait_s=options.max_wait,
        include=frozenset(options.include),
        verdict_by=options.verdict_by,
    )
    extra = given_params(action, options)
    if action.value is None:
        yield Request(action.name, extra, how)
    for value in _values(options.values, ending):
        yield Request(action.name, {**action.params_of(value), **extra}, how, id=shown_without_credentials(value))


def _values(values: list[str], ending: Termination) -> Iterator[str]:
    for value in values:
        if value == "-":
            yield from _lines_on_stdin(ending)
        else:
            yield value


def _lines_on_stdin(ending: Termination) -> Iterator[str]:
    """The values on stdin, one per line, as soon as they arrive. Raises `OSError`."""
    stdin = Input(sys.stdin.fileno())
    if stdin.is_terminal:
        sys.stderr.write("enter one value per line; Ctrl-D ends the list\n")
    lines = Lines()
    while (piece := stdin.read(LOOK_S)) != b"" and not ending.clock.cancelled:
        yield from lines.feed(piece or b"")
    if not ending.clock.cancelled:
        # After a request to end, the last line may be incomplete, so it is dropped.
        yield from lines.end()


class _RequestJob(Job):
    def __init__(self, request: Request, work: Callable[[], Response]) -> None:
        super().__init__(work, writes=ACTIONS[request.action].writes_with(request.params))
        self.request = request


class _Answers:
    """The responses to requests, in order. Each request gets one, also after failures."""

    def __init__(self, core: Answering, ending: Termination, observer: Observer) -> None:
        self._core = core
        self._ending = ending
        self._observer = observer
        self._workers = Workers(_SIDE_BY_SIDE, EachByItself())

    def of(self, requests: list[Request]) -> Iterator[Response]:
        """After a lookup that found no quota, the next lookups that would find none either are answered at once."""
        of_several = {"observer": _WaitsOnly(self._observer), "claim": BATCH}
        how: dict[str, Any] = {"observer": self._observer} if len(requests) == 1 else of_several
        left, under_way = deque(requests), deque[_RequestJob]()
        while left or under_way:
            while left and len(under_way) < _AHEAD:
                under_way.append(self._given(left.popleft(), how))
            response = self._outcome(under_way.popleft())
            yield response
            if left and finds_no_quota(response) and not self._ending.clock.cancelled:
                yield from map(self._outcome, under_way)
                under_way.clear()
                yield from self._at_hand(left)

    def _given(self, request: Request, how: dict[str, Any]) -> _RequestJob:
        job = _RequestJob(request, lambda: self._respond(request, how))
        self._workers.give(job)
        return job

    def _respond(self, request: Request, how: dict[str, Any]) -> Response:
        if self._ending.clock.cancelled:
            return self._refused(request, Cancelled("the process was asked to end before this request was started"))
        return self._core.run(request, **how)

    def _outcome(self, job: _RequestJob) -> Response:
        outcome = self._ending.outcome_of(job, self._workers)
        return self._refused(job.request, outcome) if isinstance(outcome, ConnectorError) else outcome

    def _refused(self, request: Request, error: ConnectorError) -> Response:
        return self._core.refuse({"action": request.action, "id": request.id}, error)

    def _at_hand(self, left: deque[Request]) -> Iterator[Response]:
        """Responses without a request for as many of the first requests in `left` as possible; removes these."""
        options = left[0].options
        while left:
            some = list(map(plain_lookup, islice(left, _AT_ONCE)))
            kinds = {lookup[0] for lookup in some if lookup is not None}
            if None in some or len(kinds) != 1:
                return
            values = [lookup[1] for lookup in some if lookup is not None]
            found = self._core.look_up_at_hand(kinds.pop(), values, options, BATCH, after_refusal=True)
            for value in values:
                if value not in found:
                    return
                request = left.popleft()
                yield {**found[value], "id": request.id, "action": request.action}


@contextlib.contextmanager
def bars(count: int, as_json: bool, max_wait_s: float) -> Iterator[Progress]:
    """Progress bars if stderr is a terminal, else nothing. `max_wait_s`: how long a request may wait for quota."""
    # JSON on the same terminal would be mixed up with the bars.
    if not sys.stderr.isatty() or (as_json and sys.stdout.isatty()):
        yield Progress()
        return
    from .progress import Bars

    with Bars(count, max_wait_s) as seen:
        yield seen
