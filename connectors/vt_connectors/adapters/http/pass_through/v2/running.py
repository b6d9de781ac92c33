"""Runs the request documents of one call of API v2, for its caller and by the options of its headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .....actions import is_write
from .....actions.file_sample import ReceivedFile
from .....actions.request_batch import BatchAnswers
from .....clock import Clock
from .....contract.response import Response
from .....core import Core
from ....server.bounded_time import SideBySide
from ...callers import Caller
from ...cores import AnyCore
from ...execution import Execution
from ..reply_headers import reason_of
from ..request_options import HttpOptions

_VERSION = "2"
_THREADS = 16
# For a whole call with several values.
_LONGEST_S = 90.0


class Running:
    """What all calls share."""

    def __init__(self, execution: Execution, clock: Clock) -> None:
        self.execution = execution
        self.side_by_side = SideBySide(clock, _THREADS)


class Requests:
    """Of one call. All methods raise `Refused` if too many requests are in progress."""

    def __init__(self, running: Running, caller: Caller, options: HttpOptions) -> None:
        self._execution = running.execution
        self._side_by_side = running.side_by_side
        self._options = {"include": ["raw"], **options.document}
        self._longest_wait_s = min(caller.longest_wait_s, options.wait_s)
        self.caller = caller

    def answer(self, action: str, params: Mapping[str, Any], **options: Any) -> Response:
        """The response to one request, with VirusTotal's own document."""
        return self._execution.answer(
            self._document(action, params, options),
            self.caller,
            version=_VERSION,
            longest_wait_s=self._longest_wait_s,
        )

    def answers(self, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Response]:
        """The responses to several requests, each an action and its parameters, in their order.

        Those that are cached wait for nothing.
        """
        if len(asked) == 1:
            return [self.answer(*asked[0])]
        documents = [self._document(action, params, {}) for action, params in asked]
        with self._execution.cores.core(_VERSION) as core:
            batch = core.within(BatchAnswers())
            responses = self._at_hand(batch, documents)
            missing = [place for place, response in enumerate(responses) if response is None]
            if missing:
                answers = self._side_by_side_in(batch, [documents[place] for place in missing])
                batch.end_batch()
                responses = [response or next(answers) for response in responses]
        return [response for response in responses if response is not None]

    def scan_file(self, file: ReceivedFile) -> Response:
        """The response to the scan of a file, which is read from the body while it is sent."""
        document = self._document("scan_file", {"filename": file.name or None, "wait_s": 0}, {})
        place = self._execution.places.place(self.caller.client)
        with self._execution.cores.core(_VERSION) as core, place as has_place:
            with_file = Core(core.context._replace(received=file)) if isinstance(core, Core) else core
            return self._one(with_file, document, self._longest_wait_s if has_place else 0.0)

    def _side_by_side_in(self, core: AnyCore, documents: Sequence[Mapping[str, Any]]) -> Iterator[Response]:
        def answer(document: Any, left_s: float) -> Response:
            return self._one(core, document, left_s, batch=True)

        with self._execution.places.place(self.caller.client) as has_place:
            longest_wait_s = self._longest_wait_s if has_place else 0.0
            return iter(self._side_by_side.answers(documents, answer, longest_wait_s, _LONGEST_S))

    def _at_hand(self, core: AnyCore, documents: Sequence[Mapping[str, Any]]) -> list[Response | None]:
        if self._options.get("cache") is not None:
            return [None] * len(documents)
        return [self._cached(core, document) for document in documents]

    def _cached(self, core: AnyCore, document: Mapping[str, Any]) -> Response | None:
        if is_write(document):
            return None
        only_cached = {**document, "options": {**document["options"], "cache": "only"}}
        response = self._one(core, only_cached, 0.0)
        return None if reason_of(response) == "not_cached" else response

    def _one(self, core: AnyCore, document: Any, longest_wait_s: float, *, batch: bool = False) -> Response:
        return self._execution.answer(document, self.caller, batch=batch, longest_wait_s=longest_wait_s, core=core)

    def _document(self, action: str, params: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
        return {"action": action, "params": dict(params), "options": {**self._options, **options}}
