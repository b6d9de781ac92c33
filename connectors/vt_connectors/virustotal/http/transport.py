"""The port to HTTP: one request out, one answer or one of four failures back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Callable, Literal, Protocol

from ...observer import SILENT

# Where a request carries the key. Only v2 has other places than the header (`apikey`, in each of them).
KeyPlace = Literal["header", "form", "query", "multipart"]


@dataclass(frozen=True)
class Upload:
    """A file on its way out: `read(n)` gives its next bytes, `size` of them in all.

    `read` raises a `ConnectorError` where what it reads is no longer what it was. `sent` hears of bytes sent, of all.
    """

    filename: str
    size: int
    read: Callable[[int], bytes]
    sent: Callable[[int, int], None] = SILENT.bytes_sent


def _at_once() -> None:
    return None


@dataclass(frozen=True)
class HttpRequest:
    """`url` is absolute. The key is in none of this: the transport puts it where `key` says.

    `sending` is called when the connection is made, right before the first byte of the request; what it raises ends
    the request before it begins.
    """

    method: str
    url: str
    body: bytes | None = None
    content_type: str | None = None
    upload: Upload | None = None
    key: KeyPlace = "header"
    sending: Callable[[], None] = field(default=_at_once, compare=False, repr=False)


@dataclass(frozen=True)
class HttpResponse:
    """`headers` have lower-case names. `broken` says why `body` is not what was sent (bad gzip, too large)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    broken: str | None = None


class TransportFailure(Exception):
    """No answer. The message names no key and no body."""


class NotSent(TransportFailure):
    """No connection was made: certainly nothing reached VirusTotal."""


class CertificateRefused(NotSent):
    """Who answered is not the server that was meant, or cannot show it."""


class ConnectionLost(TransportFailure):
    """The connection broke after the request may have been sent."""


class NoAnswerInTime(TransportFailure):
    """Sent, and not answered in time."""


class Transport(Protocol):
    def send(self, request: HttpRequest) -> HttpResponse:
        """Raises `TransportFailure`."""
