"""The replacement of the core if the settings are wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .contract.documents import Options, Request, error_response, read_request, refusal
from .errors import ConnectorError, from_dict
from .indicators import Kind
from .light_typing import TYPE_CHECKING, Callable
from .observer import SILENT, Observer
from .redaction import KeyGuard, own_key, redacted, without_own

if TYPE_CHECKING:
    from .actions.action import Run
    from .actions.drain import DrainLimits, DrainResult, OnResponse
    from .actions.request_batch import BatchAnswers
    from .api_key import ApiKey
    from .contract.response import Response
    from .quota.waiters import Claim


class Misconfigured:
    """Has the interface of the core, and answers every request with the error of the settings."""

    def __init__(self, error: ConnectorError, default_key: Callable[[], ApiKey] | None = None) -> None:
        """`error`: the error of the settings. `default_key`: as for `composition.build`; answers do not contain it."""
        self._error = error
        self._guard = KeyGuard(default_key) if default_key is not None else None

    @property
    def error(self) -> ConnectorError:
        """The error of the settings, without any known key."""
        self._know_key()
        return from_dict(redacted(self._error.to_dict()))

    def within(self, batch: BatchAnswers) -> Misconfigured:
        return self

    def answer(self, document: object, claim: Claim | None = None) -> Response:
        try:
            return self.run(read_request(document))
        except ConnectorError as error:
            return self.refuse(document, error)

    def refuse(self, document: object, error: ConnectorError) -> Response:
        self._know_key()
        return without_own(refusal(document, error), own_key(document))

    def run(
        self, request: Request, observer: Observer = SILENT, claim: Claim | None = None, own: Run | None = None
    ) -> Response:
        self._know_key()
        return without_own(error_response(request.action, request.id, self._error), request.api_key)

    def _know_key(self) -> None:
        if self._guard is not None:
            self._guard.read_key()

    def look_up(self, kind: Kind | None, value: str, options: Options, claim: Claim | None = None) -> Response:
        return error_response(None, None, self._error)

    def look_up_at_hand(
        self,
        kind: Kind | None,
        values: Iterable[str],
        options: Options,
        claim: Claim | None = None,
        *,
        after_refusal: bool = False,
    ) -> dict[str, Response]:
        return dict.fromkeys(values, error_response(None, None, self._error))

    def answers_at_hand(self, documents: Sequence[object], claim: Claim | None = None) -> list[Response | None]:
        return [None] * len(documents)

    def delivered(self, response: Response) -> None:
        return None

    ends_at_once = True

    def end_batch(self) -> None:
        return None

    def drain(self, limits: DrainLimits, on_response: OnResponse | None = None) -> DrainResult:
        from .actions.drain import DrainResult

        return DrainResult(message=self._error.message)
