"""Replies in the form of WSGI."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from ...errors import internal_error
from .messages import Reply

# RFC 9110, sections 8.6 and 15.3.5: such a reply has neither a body nor a Content-Length.
_WITHOUT_CONTENT = (204, 304)


def head_of(reply: Reply) -> tuple[str, list[tuple[str, str]]]:
    """The status line without the version, and the headers."""
    headers = [*reply.headers]
    has_content = reply.status not in _WITHOUT_CONTENT
    if has_content and isinstance(reply.body, bytes):
        headers.append(("Content-Length", str(len(reply.body))))
    if has_content:
        headers.append(("Content-Type", reply.content_type))
    headers += [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
    return f"{reply.status} {_PHRASES.get(reply.status, 'Status')}", headers


def sent(reply: Reply, start_response: Callable[..., Any], *, has_body: bool = True) -> Iterable[bytes]:
    """The body, after the head was passed on."""
    start_response(*head_of(reply))
    has_body = has_body and reply.status not in _WITHOUT_CONTENT
    if isinstance(reply.body, bytes):
        return [reply.body] if has_body else []
    if has_body:
        return _pieces(reply.body)
    _close(reply.body)
    return []


def _pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except Exception:
        internal_error()
        # The status is sent; the client sees that the body is cut off.
        raise ConnectionAbortedError from sys.exc_info()[1]
    finally:
        _close(pieces)


def _close(pieces: Iterable[bytes]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()


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
