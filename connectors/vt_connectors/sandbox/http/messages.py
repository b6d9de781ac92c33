"""Requests and responses without sockets."""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

from ..errors import ApiError, BodyTooLargeError, Headers

JsonObject = dict[str, Any]


class Readable(Protocol):
    """A source of bytes, such as a request's body; b"" at its end."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""


class CappedBody:
    """A body that raises BodyTooLargeError after more than `limit` bytes."""

    def __init__(self, source: Readable, limit: int) -> None:
        self._source = source
        self._left = limit

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; b"" at the end."""
        data = self._source.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise BodyTooLargeError
        return data


@dataclass(frozen=True)
class Request:
    """One request.

    `path` is the path as sent, `segments` its percent-decoded segments; header names are in lower case; if a
    query argument is given twice, the last counts.
    """

    method: str
    path: str
    segments: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Readable

    @classmethod
    def parse(cls, method: str, target: str, headers: Iterable[tuple[str, str]], body: Readable) -> Request:
        """A request from its request line (method and target), header pairs and body."""
        path, _, query = target.partition("?")
        return cls(
            method=method,
            path=path,
            # Split before decoding, because an encoded slash is part of an id.
            segments=tuple(unquote(segment) for segment in path.split("/")[1:]),
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in headers},
            body=body,
        )

    def body_within(self, limit: int) -> Readable:
        """The body; BodyTooLargeError if more than `limit` bytes are announced or sent."""
        announced = self.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise BodyTooLargeError
        return CappedBody(self.body, limit)

    def content(self, limit: int) -> bytes:
        """The whole body, at most `limit` bytes."""
        body = self.body_within(limit)
        return b"".join(iter(lambda: body.read(65536), b""))


@dataclass(frozen=True)
class Response:
    """One response. `close`: close the connection after it.

    `fault`: a fault of the transfer: `reset` before the response, `cut` in its middle, `slow` in small pieces.
    """

    status: int
    content: bytes
    content_type: str = "application/json"
    headers: Headers = ()
    close: bool = False
    fault: str | None = None


def json_response(payload: JsonObject, status: int = 200, headers: Headers = ()) -> Response:
    """A response with `payload` as JSON."""
    return Response(status, json.dumps(payload).encode("ascii"), headers=headers)


def error_response(error: ApiError) -> Response:
    """The response for an error."""
    body = {"error": {"code": error.code, "message": error.message}}
    return json_response(body, error.status, error.headers)


def html_response(status: int, title: str, close: bool = False) -> Response:
    """A short HTML page, like those of a proxy in front of the API."""
    page = f"<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>"
    return Response(status, page.encode("ascii"), "text/html; charset=UTF-8", close=close)


def compressed(response: Response, accept_encoding: str | None) -> Response:
    """`response` with its JSON in gzip if the request's Accept-Encoding allows it, else unchanged."""
    if response.content_type != "application/json":
        return response
    headers = (*response.headers, ("Vary", "Accept-Encoding"))
    if not _allows_gzip(accept_encoding or ""):
        return dataclasses.replace(response, headers=headers)
    content = gzip.compress(response.content, compresslevel=1, mtime=0)
    return dataclasses.replace(response, content=content, headers=(*headers, ("Content-Encoding", "gzip")))


def _allows_gzip(accept_encoding: str) -> bool:
    for offer in accept_encoding.lower().split(","):
        name, _, weight = offer.replace(" ", "").partition(";q=")
        if name in ("gzip", "*"):
            return weight.strip("0.") != "" or not weight
    return False
