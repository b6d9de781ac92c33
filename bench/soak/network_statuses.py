"""Every status with every kind of body, as the response to a lookup and to a comment."""

from __future__ import annotations

import random
from collections.abc import Iterator

from bench.soak.drill import Effort, Tally
from bench.soak.network_harness import LONG_AFTER_S, Asked, comment, commented, core_at, file_object, lookup
from tests.fake_clock import FakeClock
from tests.scripted_server import OWN_ERRORS, ScriptedServer, Step, answer, json_answer

_HASH = "4e" * 32
_PAGE = b"<html><head><title>Blocked</title></head><body>Ask your administrator</body></html>"
_EVERY = range(100, 600)
_TOLD = (200, 204, 302, 304, 400, 401, 403, 404, 409, 413, 418, 424, 429, 500, 502, 503, 504)
_BODIES = ("nothing", "its own error", "another's error", "a page", "an object")
_OWN_MEANING = {
    400: "invalid_indicator",
    401: "access_denied",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    424: "unavailable",
    429: "rate_limited",
    503: "unavailable",
    504: "unavailable",
}
# With these a comment was certainly not passed on, whatever the body is.
_NOT_PASSED_ON = {301: "invalid_response", 307: "invalid_response", 308: "invalid_response", 407: "invalid_response"}


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally(
        "every HTTP status from 100 to 599 with five kinds of body, to a lookup and to a comment",
        "an exception, an answer against the contract, another code than the contract's (only VirusTotal's own error "
        "speaks for it), a comment sent twice, a lookup more than three times",
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
    code = OWN_ERRORS.get(status, "SomeError") if body == "its own error" else "MadeUpError"
    return json_answer(status, {"error": {"code": code, "message": "words"}})


def _due(status: int, body: str, is_read: bool) -> tuple[set[str], int]:
    """What the contract has for it, and the number of requests."""
    if is_read:
        # 100 is "go on": what follows it is the answer, and nothing does.
        return {_meaning_of_a_read(status, body)}, 3 if status in (100, 502, 503, 504) else 1
    return {_meaning_of_a_comment(status, body)}, 1


def _meaning_of_a_read(status: int, body: str) -> str:
    if status in _OWN_MEANING and body == "its own error":
        return _OWN_MEANING[status]
    if status == 200 and body == "an object":
        return "ok"
    if status == 429:
        return "rate_limited"
    return "unavailable" if status == 100 or status >= 500 else "invalid_response"


def _meaning_of_a_comment(status: int, body: str) -> str:
    if status in _OWN_MEANING and body == "its own error" and status != 504:
        return _OWN_MEANING[status]
    if status == 200 and body == "an object":
        return "ok"
    return {413: "too_large", 429: "rate_limited", **_NOT_PASSED_ON}.get(status, "outcome_unknown")
