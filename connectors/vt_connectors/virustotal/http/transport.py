"""The port to HTTP: one request, and one response or one of four failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Callable, Literal, Protocol

from ...observer import SILENT

# The place of the key in a request. Only v2 has other places than the header (`apikey`, in each of them). `none`: the
# request goes to another server than VirusTotal, and has nothing that identifies the account.
KeyPlace = Literal["header", "form", "query", "multipart", "none"]


@dataclass(frozen=True)
class Upload:
    """A file to send: `read(n)` returns its next bytes, `size` bytes in total.

    `read` raises a `ConnectorError` if the file has changed. `sent` is called with the sent and the total bytes.
    """

    filename: str
    size: int
    read: Callable[[int], bytes]
    sent: Callable[[int, int], None] = SILENT.bytes_sent


@dataclass(frozen=True)
class Download:
    """Where the body of a response with the status 200 goes, at most `most` bytes of it.

    `begin` is called before the first bytes, with the announced size if there is one: also if the request is repeated.
    `write` takes the next bytes. A `ConnectorError` from either ends the request.
    """

    most: int
    begin: Callable[[int | None], None]
    write: Callable[[bytes], None]


def _do_nothing() -> None:
    return None


@dataclass(frozen=True)
class HttpRequest:
    """`url` is absolute. No field contains the key: the transport puts it in the place that `key` names.

    `fields`: the values that a multipart body has before the file. They may be secret.

    `download`: takes the body instead of the response.

    `sending` is called after connecting, just before the first byte of the request; an exception prevents the request.
    """

    method: str
    url: str
    body: bytes | None = None
    content_type: str | None = None
    upload: Upload | None = None
    key: KeyPlace = "header"
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    download: Download | None = field(default=None, compare=False, repr=False)
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


class BodyTooLarge(TransportFailure):
    """The body has more bytes than the request's `download` takes."""


class Transport(Protocol):
    def send(self, request: HttpRequest) -> HttpResponse:
        """Raises `TransportFailure`."""
