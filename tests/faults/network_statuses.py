"""Every status a server can send, with every kind of body, to a lookup and to a comment."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.fake_clock import FakeClock
from tests.faults.drill import Effort, Tally
from tests.faults.network_house import LONG_AFTER_S, Asked, comment, commented, core_at, file_object, lookup
from tests.scripted_server import ScriptedServer, Step, answer, json_answer

_HASH = "4e" * 32
_PAGE = b"<html><head><title>Blocked</title></head><body>Ask your administrator</body></html>"
_EVERY = range(100, 600)
_TOLD = (200, 204, 302, 304, 400, 401, 403, 404, 409, 413, 418, 424, 429, 500, 502, 503, 504)
# https://docs.virustotal.com/reference/errors
_CODES = {
    400: "InvalidArgumentError",
    401: "WrongCredentialsError",
    403: "ForbiddenError",
    404: "NotFoundError",
    409: "AlreadyExistsError",
    424: "FailedDependencyError",
    429: "QuotaExceededError",
    503: "TransientError",
    504: "DeadlineExceededError",
}
_BODIES = ("nothing", "its own error", "another's error", "a page", "an object")
_OWN_MEANING = {401: "access_denied", 403: "forbidden", 409: "conflict", 413: "too_large", 424: "unavailable"}


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally(
        "every HTTP status from 100 to 599 with five kinds of body, to a lookup and to a comment",
        "an exception, an answer against the contract, another code than the contract's, a comment sent twice, "
        "a lookup more than three times",
    )
    draw = random.Random(effort.seed)
    statuses = list(_EVERY) if effort.is_long else [*_TOLD, *draw.sample(_EVERY, 30)]
    clock = FakeClock()
    with ScriptedServer() as server:
        core = core_at(server.url, clock)
        for status in statuses:
            for body in _BODIES:
                for is_read, request in ((True, lookup(_HASH)), (False, comment(_HASH))):
                    server.script(_step(status, body, is_read))
                    wrong = Asked(core, server, request).wrong(*_due(status, body, is_read))
                    tally.count(*([f"{request['action']}, HTTP {status} with {body}: {wrong}"] if wrong else []))
                    clock.advance(LONG_AFTER_S)
        core.close()
    yield tally


def _step(status: int, body: str, is_read: bool) -> Step:
    if body == "nothing" or status < 200 or status in (204, 304):
        return answer(status)
    if body == "a page":
        return answer(status, _PAGE, {"Content-Type": "text/html"})
    if body == "an object":
        if status == 200 and not is_read:
            return commented(_HASH)
        return json_answer(status, file_object(_HASH))
    code = _CODES.get(status, "SomeError") if body == "its own error" else "MadeUpError"
    return json_answer(status, {"error": {"code": code, "message": "words"}})


def _due(status: int, body: str, is_read: bool) -> tuple[set[str], int]:
    """What the contract has for it, and the number of requests."""
    if status == 100:
        # "Go on": what follows it is the answer, and nothing does.
        return ({"unavailable"}, 3) if is_read else ({"outcome_unknown"}, 1)
    if status in (502, 504):
        return ({"unavailable"}, 3) if is_read else ({"outcome_unknown"}, 1)
    if status == 503:
        return {"unavailable"}, 3 if is_read else 1
    if status == 200 and body != "an object":
        return {"invalid_response" if is_read else "outcome_unknown"}, 1
    return {_meaning(status, body)}, 1


def _meaning(status: int, body: str) -> str:
    if status in _OWN_MEANING:
        return _OWN_MEANING[status]
    if status in (204, 429):
        return "rate_limited"
    if status == 200:
        return "ok"
    if status >= 500:
        return "unavailable"
    if status == 404 and body == "its own error":
        return "not_found"
    if status == 400 and body in ("its own error", "another's error"):
        return "invalid_indicator"
    return "invalid_response"
