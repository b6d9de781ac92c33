"""Responses that a server, or a proxy before it, can send to a lookup, and the required result."""

from __future__ import annotations

import contextlib
import gzip
import json
import zlib
from dataclasses import dataclass
from email.utils import formatdate

from tests.fake_clock import START
from tests.scripted_server import Step, Wire, answer, hang_up, head, json_answer, reset, stall, trickle

from .house import FILE, SECRET

_HTML = {"Content-Type": "text/html; charset=UTF-8"}
_GZIP = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
_PAGE = b"<html><head><title>Blocked</title></head><body>Ask your administrator</body></html>"
_FILE = json.dumps(FILE).encode()
_ONCE, _THRICE = 1, 3


@dataclass(frozen=True)
class Fault:
    """`requests`: how many the server gets. `timeout`: VT_TIMEOUT, for faults that test it."""

    step: Step
    code: str
    retryable: bool
    http_status: int | None = None
    requests: int = _ONCE
    retry_after: float | None = None
    vt_code: str | None = None
    timeout: str = "5"


def _error(status: int, code: str, message: str = "words") -> Step:
    return json_answer(status, {"error": {"code": code, "message": message}})


def _lost(step: Step) -> Fault:
    return Fault(step, "unavailable", True, None, _THRICE)


def _unreadable(status: int, step: Step) -> Fault:
    return Fault(step, "invalid_response", True, status)


def _out_of_quota(
    step: Step, retry_after: float, status: int = 429, vt_code: str | None = "QuotaExceededError"
) -> Fault:
    return Fault(step, "rate_limited", True, status, _ONCE, retry_after, vt_code)


_QUOTA = {"error": {"code": "QuotaExceededError", "message": "Quota exceeded"}}


def _endless_chunk_size(wire: Wire) -> None:
    wire.send(head(200, {"Transfer-Encoding": "chunked"}, None))
    with contextlib.suppress(OSError):  # the client does not read all of it
        for _ in range(50):
            wire.send(b"1" * 1_000_000)


FAULTS: dict[str, Fault] = {
    # The connection.
    "reset before the headers": _lost(reset()),
    "closed before the headers": _lost(hang_up()),
    "reset in the headers": _lost(reset(b"HTTP/1.1 200 OK\r\nContent-Ty")),
    "reset in the body": _lost(reset(head(200, {}, 100) + b'{"data"')),
    "closed in the body": _lost(hang_up(head(200, {}, 100) + b'{"data"')),
    "a chunk's size without an end": _lost(_endless_chunk_size),
    "closed in a chunked body": _lost(hang_up(head(200, {"Transfer-Encoding": "chunked"}, None) + b'5\r\n{"dat')),
    "longer said than sent": _lost(answer(200, _FILE, length=len(_FILE) + 10)),
    "two lengths that contradict each other": _lost(
        hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 12, 13\r\n\r\n" + _FILE)
    ),
    "something that is not HTTP": _lost(hang_up(b"SSH-2.0-OpenSSH_9.6\r\n")),
    "no headers at all": Fault(stall(), "timeout", True, timeout="0.2"),
    "trickling status": Fault(trickle(b"HTTP/1.1 2", b"0"), "timeout", True, timeout="0.2"),
    "trickling headers": Fault(trickle(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"), "timeout", True, timeout="0.2"),
    "stalled body": Fault(stall(head(200, {}, 100) + b'{"data"'), "timeout", True, timeout="0.2"),
    "trickling body": Fault(trickle(head(200, {}, 10**6) + b"{", b" "), "timeout", True, timeout="0.2"),
    "trickling gzip": Fault(
        trickle(head(200, _GZIP, 10**6) + gzip.compress(b"")[:10], b""), "timeout", True, timeout="0.2"
    ),
    # The body.
    "shorter said than sent": _unreadable(200, answer(200, _FILE, length=len(_FILE) - 10)),
    "gzip said and not sent": _unreadable(200, answer(200, _FILE, _GZIP)),
    "truncated gzip": _unreadable(200, answer(200, gzip.compress(_FILE)[:-20], _GZIP)),
    "brotli not asked for": _unreadable(200, answer(200, b"\x0b\x02\x80", {"Content-Encoding": "br"})),
    "deflate not asked for": _unreadable(200, answer(200, zlib.compress(_FILE), {"Content-Encoding": "deflate"})),
    "gzip within gzip": _unreadable(
        200, answer(200, gzip.compress(gzip.compress(_FILE)), {"Content-Encoding": "gzip, gzip"})
    ),
    "gzip said twice": _unreadable(
        200, answer(200, gzip.compress(gzip.compress(_FILE)), {"Content-Encoding": "gzip", "content-encoding": "gzip"})
    ),
    "50 MB": _unreadable(200, answer(200, b"x" * 50_000_000)),
    "50 MB of gzip": _unreadable(200, answer(200, gzip.compress(b"x" * 50_000_000), _GZIP)),
    "deep JSON": _unreadable(200, answer(200, b'{"data":' + b"[" * 200_000)),
    "deep complete JSON": _unreadable(200, answer(200, b'{"data":' + b"[" * 200_000 + b"]" * 200_000 + b"}")),
    "truncated JSON": _unreadable(200, answer(200, _FILE[:-9])),
    "not UTF-8": _unreadable(200, answer(200, b'{"data": "\xff\xfe"}')),
    "NaN": _unreadable(200, answer(200, _FILE.replace(b"60", b"NaN"))),
    "a number past all bounds": _unreadable(200, answer(200, _FILE.replace(b"60", b"1e999"))),
    "empty 200": _unreadable(200, answer(200)),
    "an array": _unreadable(200, json_answer(200, [FILE])),
    "a string": _unreadable(200, json_answer(200, "ok")),
    "null": _unreadable(200, json_answer(200, None)),
    "an empty object": _unreadable(200, json_answer(200, {})),
    "data of another kind": _unreadable(200, json_answer(200, {"data": {"type": "url", "id": "x"}})),
    "data without an id": _unreadable(200, json_answer(200, {"data": {"type": "file"}})),
    "data as a list": _unreadable(200, json_answer(200, {"data": [FILE["data"]]})),
    "HTML with 200": _unreadable(200, answer(200, _PAGE, _HTML)),
    "HTML with 404": _unreadable(404, answer(404, _PAGE, _HTML)),
    "404 of another kind": _unreadable(404, _error(404, "SomethingElse")),
    "418": _unreadable(418, answer(418, b"short and stout")),
    # Redirects that are not followed.
    "redirect to nowhere": _unreadable(302, answer(302)),
    "redirect to what is no URL": _unreadable(302, answer(302, headers={"Location": "http://[::1"})),
    "redirect to another scheme": _unreadable(301, answer(301, headers={"Location": "ftp://127.0.0.1/x"})),
    # The key and the tier.
    "401": Fault(
        _error(401, "WrongCredentialsError", f"Wrong API key: {SECRET}"),
        "access_denied",
        False,
        401,
        vt_code="WrongCredentialsError",
    ),
    "401 without a key": Fault(
        _error(401, "AuthenticationRequiredError"),
        "access_denied",
        False,
        401,
        vt_code="AuthenticationRequiredError",
    ),
    "401 of an account that is not active": Fault(
        _error(401, "UserNotActiveError"), "access_denied", False, 401, vt_code="UserNotActiveError"
    ),
    "401 with the key everywhere": _unreadable(
        401, json_answer(401, {"error": {"code": SECRET, "message": SECRET}}, {"X-Echo": SECRET})
    ),
    "403": Fault(_error(403, "ForbiddenError"), "forbidden", False, 403, vt_code="ForbiddenError"),
    "403 as text": Fault(
        answer(403, b'{"error": {"code": "ForbiddenError"}}', {"Content-Type": "text/plain"}),
        "forbidden",
        False,
        403,
        vt_code="ForbiddenError",
    ),
    "the key as a content type": _unreadable(200, answer(200, b"no", {"Content-Type": SECRET})),
    # The quota.
    "429": _out_of_quota(json_answer(429, _QUOTA), 60.0),
    "429 for seconds": _out_of_quota(json_answer(429, _QUOTA, {"Retry-After": " 120 "}), 120.0),
    "429 until a date": _out_of_quota(
        json_answer(429, _QUOTA, {"Retry-After": formatdate(START + 90, usegmt=True)}), 90.0
    ),
    "429 until a date without a zone": _out_of_quota(
        json_answer(429, _QUOTA, {"Retry-After": formatdate(START + 90)}), 90.0
    ),
    "429 for nonsense": _out_of_quota(json_answer(429, _QUOTA, {"Retry-After": "soon"}), 60.0),
    "429 with a longer name": _out_of_quota(_error(429, "TooManyRequestsError"), 60.0, vt_code="TooManyRequestsError"),
    "429 with a shorter name": _out_of_quota(_error(429, "TooManyRequests"), 60.0, vt_code="TooManyRequests"),
    # The rest of the table.
    "400": Fault(_error(400, "InvalidArgumentError"), "invalid_indicator", False, 400, vt_code="InvalidArgumentError"),
    "400 of a proxy": _unreadable(400, answer(400, _PAGE, _HTML)),
    "not available yet": Fault(_error(400, "NotAvailableYet"), "unavailable", True, 400, vt_code="NotAvailableYet"),
    "409": Fault(_error(409, "AlreadyExistsError"), "conflict", False, 409, vt_code="AlreadyExistsError"),
    "424": Fault(_error(424, "FailedDependencyError"), "unavailable", True, 424, vt_code="FailedDependencyError"),
    "500": Fault(answer(500), "unavailable", True, 500),
    "HTML with 502": Fault(answer(502, _PAGE, _HTML), "unavailable", True, 502, _THRICE),
    "503": Fault(_error(503, "TransientError"), "unavailable", True, 503, _THRICE, vt_code="TransientError"),
    "504": Fault(
        _error(504, "DeadlineExceededError"), "unavailable", True, 504, _THRICE, vt_code="DeadlineExceededError"
    ),
}


def _foreign(status: int, step: Step) -> Fault:
    """The required result of a response that is not VirusTotal's, whatever it looks like."""
    if status == 429:
        return _out_of_quota(step, 60.0, vt_code=None)
    if status >= 500:
        return Fault(step, "unavailable", True, status, _THRICE if status in (502, 503, 504) else _ONCE)
    return _unreadable(status, step)


_OF_ANOTHER_STATUS = {401: "ForbiddenError", 503: "QuotaExceededError"}
_IMITATIONS = {
    "a page": (_PAGE, _HTML),
    "nothing": (b"", {}),
    "text": (b"blocked by policy", {"Content-Type": "text/plain"}),
    "an error in words": (b'{"error": "blocked"}', {}),
    "an error with a number": (b'{"error": {"code": %d, "message": "blocked"}}', {}),
    "an error with a code of its own": (b'{"error": {"code": "Blocked", "message": "by policy"}}', {}),
    "an error with the code of another status": (b'{"error": {"code": "%s", "message": "words"}}', {}),
    "a list of errors": (b'{"errors": [{"code": "WrongCredentialsError"}]}', {}),
    "an error in an array": (b'[{"error": {"code": "ForbiddenError"}}]', {}),
    "an error with a code in lower case": (b'{"error": {"code": "forbiddenerror"}}', {}),
    "an error with an array of codes": (b'{"error": {"code": ["ForbiddenError"]}}', {}),
    "VirusTotal's error, cut short": (b'{"error": {"code": "ForbiddenError", "mess', {}),
    "VirusTotal's error, not compressed as it says": (b'{"error": {"code": "ForbiddenError"}}', _GZIP),
}


def _imitation(status: int, name: str) -> Step:
    body, headers = _IMITATIONS[name]
    if b"%d" in body:
        body %= status
    if b"%s" in body:
        body %= _OF_ANOTHER_STATUS.get(status, "WrongCredentialsError").encode()
    return answer(status, body, headers)


# Responses of proxies, portals, gateways and other servers in VirusTotal's place.
FOREIGN: dict[str, Fault] = {
    f"{status} with {name}": _foreign(status, _imitation(status, name))
    for status in (400, 401, 403, 404, 407, 409, 413, 424, 429, 451, 500, 503)
    for name in _IMITATIONS
}
FOREIGN["a huge wait with a page"] = _foreign(429, answer(429, _PAGE, {**_HTML, "Retry-After": "2678400"}))
FOREIGN["a wait until next year with a page"] = _foreign(
    429, answer(429, _PAGE, {**_HTML, "Retry-After": formatdate(START + 365 * 86400, usegmt=True)})
)
for _status in (201, 202, 203, 205, 206, 226):
    FOREIGN[f"{_status} with an object"] = _unreadable(_status, json_answer(_status, FILE))
FOREIGN["204"] = _unreadable(204, answer(204))
FOREIGN["a portal's JSON with 200"] = _unreadable(200, json_answer(200, {"error": "login", "url": "http://portal/"}))
FOREIGN["VirusTotal's error with 200"] = _unreadable(200, _error(200, "WrongCredentialsError"))
FOREIGN["a login page behind a redirect"] = _unreadable(
    302, answer(302, _PAGE, {**_HTML, "Location": "https://portal.example/login?key=" + SECRET})
)
ALL = {**FAULTS, **FOREIGN}
