"""Replies in the form of WSGI."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from ...errors import internal_error
from .messages import Reply

# RFC 9110, sections 8.6 and 15.3.5: such a reply has neither a body nor a Content-Length.
_WITHOUT_CONTENT = (204, 304)


def head_of(reply: Reply, *further: tuple[str, str]) -> tuple[str, list[tuple[str, str]]]:
    """The status line without the version, and the headers, with `further` ones."""
    headers = [*reply.headers, *further]
    has_content = reply.status not in _WITHOUT_CONTENT
    if has_content and isinstance(reply.body, bytes):
        headers.append(("Content-Length", str(len(reply.body))))
    if has_content:
        headers.append(("Content-Type", reply.content_type))
    headers += [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
    return f"{reply.status} {_PHRASES.get(reply.status, 'Status')}", headers


def sent(
    reply: Reply,
    start_response: Callable[..., Any],
    ended: Callable[[int], None],
    *further: tuple[str, str],
    has_body: bool = True,
) -> Iterable[bytes]:
    """The body, after the head was passed on. `ended` is called once with the body's bytes: at once if they are known,
    else when the last of them was made or is no longer wanted.
    """
    start_response(*head_of(reply, *further))
    has_body = has_body and reply.status not in _WITHOUT_CONTENT
    if not isinstance(reply.body, bytes):
        pieces = _Pieces(reply.body, ended)
        if has_body:
            return pieces
        pieces.close()
        return []
    ended(len(reply.body) if has_body else 0)
    return [reply.body] if has_body else []


class _Pieces:
    """A body that is made while it is sent. The server library closes it, even if it takes nothing of it."""

    def __init__(self, pieces: Iterable[bytes], ended: Callable[[int], None]) -> None:
        self._pieces = pieces
        self._next = iter(pieces)
        self._ended: Callable[[int], None] | None = ended
        self._bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            piece = next(self._next)
        except StopIteration:
            raise
        except Exception:
            internal_error()
            # The status is sent; the client sees that the body is cut off.
            raise ConnectionAbortedError from sys.exc_info()[1]
        self._bytes += len(piece)
        return piece

    def close(self) -> None:
        ended, self._ended = self._ended, None
        try:
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()
        finally:
            if ended is not None:
                ended(self._bytes)


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
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
