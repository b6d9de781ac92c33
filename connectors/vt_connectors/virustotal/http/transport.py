"""The port to HTTP: one request, and one response or one of four failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Callable, Literal, Protocol

from ...observer import SILENT

# The place of the key in a request. Only v2 has other places than the header (`apikey`, in each of them).
KeyPlace = Literal["header", "form", "query", "multipart"]


@dataclass(frozen=True)
class Upload:
    """A file to send: `read(n)` returns its next bytes, `size` bytes in total.

    `read` raises a `ConnectorError` if the file has changed. `sent` is called with the sent and the total bytes.
    """

    filename: str
    size: int
    read: Callable[[int], bytes]
    sent: Callable[[int, int], None] = SILENT.bytes_sent


def _do_nothing() -> None:
    return None


@dataclass(frozen=True)
class HttpRequest:
    """`url` is absolute. No field contains the key: the transport puts it in the place that `key` names.

    `fields`: the values that a multipart body has before the file. They may be secret.

    `sending` is called after connecting, just before the first byte of the request; an exception prevents the request.
    """

    method: str
    url: str
    body: bytes | None = None
    content_type: str | None = None
    upload: Upload | None = None
    key: KeyPlace = "header"
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    sending: Callable[[], None] = field(default=_do_nothing, compare=False, repr=False)


@dataclass(frozen=True)
class HttpResponse:
    """`headers` have lower-case names. `broken`: the reason if `body` could not be read (bad gzip, too large)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    broken: str | None = None


class TransportFailure(Exception):
    """No response. The message contains neither the key nor a body."""


class NotSent(TransportFailure):
    """No connection was made, so nothing reached VirusTotal."""


class CertificateRefused(NotSent):
    """The server's certificate does not prove that it is the right server."""


class ConnectionLost(TransportFailure):
    """The connection broke after the request may have been sent."""


class NoAnswerInTime(TransportFailure):
    """Sent, but no response came in time."""


class Transport(Protocol):
    def send(self, request: HttpRequest) -> HttpResponse:
        """Raises `TransportFailure`."""
