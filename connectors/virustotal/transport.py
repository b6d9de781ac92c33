"""The port to HTTP: one request out, one answer or one of four failures back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class HttpRequest:
    """`url` is absolute. The key is not in it: the transport adds it."""

    method: str
    url: str
    body: bytes | None = None
    content_type: str | None = None


@dataclass(frozen=True)
class HttpAnswer:
    """`headers` have lower-case names. `broken` says why `body` is not what was sent (bad gzip, too large)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    broken: str | None = None


class TransportFailure(Exception):
    """No answer. The message names no key and no body."""


class NotSent(TransportFailure):
    """No connection was made: certainly nothing reached VirusTotal."""


class ConnectionLost(TransportFailure):
    """The connection broke after the request may have been sent."""


class NoAnswerInTime(TransportFailure):
    """Sent, and not answered in time."""


class Transport(Protocol):
    def send(self, request: HttpRequest) -> HttpAnswer:
        """Raises `TransportFailure`."""
