"""Foreign responses to one of several indicators: from proxies, portals, gateways and front ends."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from bench.soak.drill import Effort, Tally
from bench.soak.network_harness import LONG_AFTER_S, Asked, comment, core_at, found, lookup
from tests.fake_clock import FakeClock
from tests.scripted_server import OWN_ERRORS, ScriptedServer, Step, answer

_STATUSES = (201, 204, 302, 400, 401, 403, 404, 407, 409, 413, 418, 424, 429, 451, 500, 503, 599)
_TYPES = ("text/html", "text/plain", "application/json", "application/problem+json", "")
_LONGEST_PAUSE_S = 60.0
# What may be said of a lookup; a comment may have been taken, so only what says that it was not is repeated.
_OF_A_LOOKUP = {"invalid_response", "unavailable", "rate_limited"}
_OF_A_COMMENT = {"outcome_unknown", "too_large", "rate_limited"}
_REPEATED = {"invalid_response": (301, 307, 308, 407), "rate_limited": (429,)}


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally(
        "answers of proxies and gateways to one indicator: pages, JSON that imitates VirusTotal's in part (API v3, v2)",
        "it was taken for VirusTotal's, it was told of another indicator, it made others pause, "
        "or a comment was said to be worth repeating",
    )
    draw, clock = random.Random(effort.seed), FakeClock()
    with ScriptedServer() as server:
        cores = {version: core_at(server.url, clock, VT_API_VERSION=version) for version in ("2", "3")}
        for number in range(effort.times(120, 4000)):
            version = draw.choice("33332")
            about, step = _foreign(draw, version)
            losses = [
                *_lookup(cores[version], server, step, clock, f"{number:064x}", version),
                *_comment(cores[version], server, step, f"{number:064x}"),
            ]
            clock.advance(LONG_AFTER_S)
            tally.count(*(f"try {number}, v{version}, {about}: {loss}" for loss in losses))
        for core in cores.values():
            core.close()
    yield tally


def _lookup(
    core: Any, server: ScriptedServer, step: Step, clock: FakeClock, sha256: str, version: str
) -> Iterator[str]:
    server.script(step)
    asked = Asked(core, server, lookup(sha256))
    wrong = asked.wrong(_OF_A_LOOKUP)
    if wrong is not None:
        yield wrong
        return
    error = asked.response["error"]
    if (error["retry_after_s"] or 0) > _LONGEST_PAUSE_S or error["vt_code"] is not None:
        yield f"it was believed: {error}"
    clock.advance(error["retry_after_s"] or 0)
    other = f"{int(sha256, 16) + 2**200:064x}"
    server.script(found(other) if version == "3" else _found_v2(other))
    wrong = Asked(core, server, lookup(other)).wrong({"ok"}, 1)
    if wrong is not None:
        yield f"the next indicator: {wrong}"


def _comment(core: Any, server: ScriptedServer, step: Step, sha256: str) -> Iterator[str]:
    server.script(step)
    asked = Asked(core, server, comment(sha256))
    wrong = asked.wrong(_OF_A_COMMENT | {"invalid_response"}, 1)
    if wrong is not None:
        yield f"a comment: {wrong}"
        return
    error = asked.response["error"]
    if error["retryable"] and error["http_status"] not in _REPEATED.get(error["code"], ()):
        yield f"a comment is said to be worth repeating: {error}"


def _found_v2(sha256: str) -> Step:
    report = {"response_code": 1, "resource": sha256, "sha256": sha256, "positives": 1, "total": 60, "scans": {}}
    return answer(200, json.dumps(report).encode())


def _foreign(draw: random.Random, version: str) -> tuple[str, Step]:
    status = draw.choice(_STATUSES)
    body = _body(draw, status)
    if version == "2" and not body and status in (204, 400, 403):
        body = b"x"
    headers = {"Content-Type": draw.choice(_TYPES), "Location": "http://portal.example/login"}
    if draw.random() < 0.3:
        headers["Retry-After"] = draw.choice(["0", "1", "60", "3600", "2678400", "9" * 30, "-1", "1.5", "soon"])
    if status == 204:
        # A status without a body: of v3 it is nothing of VirusTotal's, of v2 it would be.
        status, body = (204, b"") if version == "3" else (205, b"")
    return f"HTTP {status} with {body[:60]!r}", answer(status, body, headers)


def _body(draw: random.Random, status: int) -> bytes:
    own = OWN_ERRORS.get(status, "QuotaExceededError")
    foreign = draw.choice([code for code in OWN_ERRORS.values() if code != own and status not in (429,)] or ["Nope"])
    errors: list[Any] = [
        *("blocked", status, None, [], {}, {"code": status}, {"code": None}, {"code": [own]}, {"code": {own: 1}}),
        *({"code": foreign, "message": "words"}, {"code": own.lower()}, {"code": own + " "}, {"code": "Blocked"}),
        *({"status": own}, {"message": own}, {"Code": own}, {"error": {"code": own}}),
    ]
    documents: list[Any] = [
        *({"error": error} for error in errors),
        *({"errors": [{"code": own}]}, [{"error": {"code": own}}], {"code": own}, {"Error": {"code": own}}),
        *(own, {"data": None, "fault": own}),
    ]
    texts = [
        b"",
        b"<html>blocked</html>",
        own.encode(),
        b"\xff\xfe",
        json.dumps({"error": {"code": own}}).encode()[:-2],
    ]
    return draw.choice([*texts, *(json.dumps(document).encode() for document in documents)])
