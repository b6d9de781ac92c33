"""The WSGI application: finds the face of a call, checks call and caller, and notes what was answered."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Callable, Protocol

from ...clock import Clock
from ...errors import internal_error
from .callers import Caller, Tokens
from .defence import Defence
from .face import Face
from .messages import Call, Refused, Reply

# Request ids: distinct in the logs of all servers.
_RUN, _numbers = f"{os.urandom(6).hex()}-", count(1)
_ANYBODY = Caller("", frozenset())
REQUEST_ID = "X-Vtaction-Request-Id"


class Watcher(Protocol):
    """Is told of each reply: the audit log, or the metrics."""

    def began(self, call: Call) -> None:
        """The call is about to be answered."""

    def replied(self, call: Call, caller: Caller | None, reply: Reply, refused: Refused | None, took_s: float) -> None:
        """The reply is about to be sent. `refused`: the server itself refused the call."""


class Application:
    """`faces`: by the beginning of the path; the first that fits answers."""

    def __init__(
        self,
        faces: Mapping[str, Face],
        tokens: Tokens,
        defence: Defence,
        clock: Clock,
        watchers: Sequence[Watcher] = (),
    ) -> None:
        self._faces = faces
        self._tokens = tokens
        self._defence = defence
        self._clock = clock
        self._watchers = watchers
        self.is_stopping = False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        call, began = call_of(environ), self._clock.monotonic()
        for watcher in self._watchers:
            watcher.began(call)
        reply, caller, refused = self._answered(call)
        reply = reply.with_headers((REQUEST_ID, call.id))
        self._tell(call, caller, reply, refused, self._clock.monotonic() - began)
        return sent(reply, start_response, has_body=call.method != "HEAD")

    def _answered(self, call: Call) -> tuple[Reply, Caller | None, Refused | None]:
        face = self._face_of(call)
        caller: Caller | None = None
        try:
            self._defence.check(call)
            if face.is_open(call):
                return face.answer(call, _ANYBODY), None, None
            if self.is_stopping:
                raise Refused(503, "stopping", "the server is stopping", (("Retry-After", "5"),))
            caller = self._caller(call, face)
            return face.answer(call, caller), caller, None
        except Refused as refused:
            return face.refuse(refused), caller, refused
        except Exception:
            return face.refuse(Refused(500, "internal", internal_error().message)), caller, None

    def _face_of(self, call: Call) -> Face:
        for begins, face in self._faces.items():
            if call.path.startswith(begins):
                return face
        return self._faces[""]

    def _caller(self, call: Call, face: Face) -> Caller:
        token = face.token_of(call)
        if token is None:
            raise Refused(401, "no_token", "a token is needed: Authorization: Bearer TOKEN", _CHALLENGE)
        caller = self._tokens.find(token)
        if caller is None:
            raise Refused(401, "wrong_token", "the token is not known to this server", _CHALLENGE)
        return caller

    def _tell(self, call: Call, caller: Caller | None, reply: Reply, refused: Refused | None, took_s: float) -> None:
        for watcher in self._watchers:
            watcher.replied(call, caller, reply, refused, took_s)


_CHALLENGE = (("WWW-Authenticate", "Bearer"),)


def call_of(environ: Mapping[str, Any]) -> Call:
    """The call of a WSGI environment, from waitress. The path is the one that was sent, not the decoded one."""
    path, _, query = str(environ["REQUEST_URI"]).partition("?")
    headers = {name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name[:5] == "HTTP_"}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if name in environ:
            headers[name.replace("_", "-").lower()] = str(environ[name])
    return Call(
        str(environ["REQUEST_METHOD"]).upper(),
        path,
        query,
        headers,
        environ["wsgi.input"],
        int(environ.get("CONTENT_LENGTH") or 0),
        f"{_RUN}{next(_numbers):x}",
        str(environ.get("REMOTE_ADDR") or ""),
    )


def sent(reply: Reply, start_response: Callable[..., Any], *, has_body: bool = True) -> Iterable[bytes]:
    """The body, after the head was passed on."""
    headers = [*reply.headers]
    if isinstance(reply.body, bytes):
        headers.append(("Content-Length", str(len(reply.body))))
    if reply.body or reply.status != 204:
        headers.append(("Content-Type", reply.content_type))
    headers += [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
    start_response(f"{reply.status} {_PHRASES.get(reply.status, 'Status')}", headers)
    if not has_body:
        return []
    return [reply.body] if isinstance(reply.body, bytes) else _pieces(reply.body)


def _pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except Exception:
        internal_error()
        # The status is sent; the client sees that the body is cut off.
        raise ConnectionAbortedError from sys.exc_info()[1]


_PHRASES = {
    200: "OK",
    202: "Accepted",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
