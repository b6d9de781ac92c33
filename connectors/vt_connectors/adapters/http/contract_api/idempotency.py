"""`Idempotency-Key`: a repeated write gets the first answer (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

import re
from typing import Any

from ....actions import is_write
from ....actions.first_answers import FirstAnswers, Keyed
from ....contract.response import Response
from ....core import Core
from ..callers import Caller
from ..execution import Execution
from ..messages import Call, Refused

HEADER = "Idempotency-Key"
REPLAYED = (("Idempotency-Replayed", "true"),)
# A structured string in quotes, or the bare text that most clients send.
_KEY = re.compile(r'"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,255}"|[\x21\x23-\x7e][\x20-\x7e]{0,254}', re.ASCII)
_RETRY_AFTER_S = 2

_Headers = tuple[tuple[str, str], ...]


def answer(execution: Execution, call: Call, caller: Caller, document: Any) -> tuple[Response, _Headers]:
    """The response, and headers for the reply. Reading requests need no key, and theirs has no effect.

    Raises `Refused`: 400 for a malformed key, 409 while the first request is in progress, 422 if the key was used with
    another request.
    """
    key = _key_of(call)
    if key is not None and is_write(document):
        with execution.cores.core() as core:
            if isinstance(core, Core):
                return _reply(_keyed(execution, FirstAnswers(core.context), caller, key, document))
    return execution.answer(document, caller), ()


def _key_of(call: Call) -> str | None:
    given = call.headers.get(HEADER.lower())
    if given is None:
        return None
    given = given.strip()
    if not _KEY.fullmatch(given):
        raise Refused(400, "idempotency_key", f"{HEADER} is not a text of 1 to 255 printable ASCII characters")
    return given.strip('"')


def _keyed(execution: Execution, answers: FirstAnswers, caller: Caller, key: str, document: Any) -> Keyed:
    def perform() -> Response:
        return execution.answer(document, caller)

    keyed = answers.answer(caller.client, key, document, 0.0, perform)
    if keyed.found != "in_progress":
        return keyed
    with execution.places.place(caller.client) as has_place:
        return answers.answer(caller.client, key, document, caller.longest_wait_s, perform) if has_place else keyed


def _reply(keyed: Keyed) -> tuple[Response, _Headers]:
    if keyed.found == "other_request":
        raise Refused(422, "idempotency_key", f"this {HEADER} was used with another request; use a new one")
    if keyed.response is None:
        again = (("Retry-After", str(_RETRY_AFTER_S)),)
        raise Refused(409, "in_progress", f"the first request with this {HEADER} is not answered yet", again)
    return keyed.response, REPLAYED if keyed.found == "repeated" else ()
