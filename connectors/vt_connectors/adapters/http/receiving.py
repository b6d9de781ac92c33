"""waitress' parser of calls, with the checks that it lacks.

A large body is accepted only after the head of its call was checked, and only up to the limit of its route.
"""

from __future__ import annotations

import io
import re
from typing import Any, BinaryIO, Protocol

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import BadRequest

from .messages import Call, Ready, Refused, Reply
from .replies import head_of

MOST_HEADERS = 64
# Two of these could be understood differently by another program.
_ONCE = (
    b"host",
    b"content-length",
    b"transfer-encoding",
    b"content-type",
    b"authorization",
    b"x-apikey",
    b"idempotency-key",
)


# The first byte of a TLS connection.
_TLS = b"\x16"
_BEGIN = re.compile(rb"[A-Za-z]{1,20}(?: |\Z)")
_BARE_LF = re.compile(rb"(?<!\r)\n")


class Gate(Protocol):
    """Decides about a call from its head."""

    def most_bytes(self, call: Call) -> int:
        """The size of the largest body. Raises `Refused`."""

    def refuse(self, call: Call, refused: Refused) -> Reply:
        """The reply to a call whose body is not accepted."""

    def at_once(self, call: Call) -> Ready | None:
        """The reply to a whole call that needs no thread; None for others. Never raises."""


class Parser(HTTPRequestParser):
    """One call while it is received. `small_bytes`: a body of this announced size is received without the gate."""

    def __init__(self, adj: Any, gate: Gate, remote: str, small_bytes: int) -> None:
        super().__init__(adj)
        self._gate = gate
        self._remote = remote
        self._small_bytes = small_bytes
        self._most_bytes: int | None = None
        self._refused: Refused | None = None
        # Once it is known that no thread has to answer the call.
        self.ready: Ready | None = None

    def look_for_a_reply(self) -> bool:
        """Whether the reply is known at once; it is `ready` then. For a whole call."""
        body: Any = self.get_body_stream()
        self.ready = self._gate.at_once(self._call(body, self.content_length))
        if self.ready is None:
            body.seek(0)
        return self.ready is not None

    def received(self, data: bytes) -> int:
        consumed = super().received(data)
        if self.body_rcv is None and not self.completed:
            self._check_begin(self.header_plus)
        if self.error is not None:
            self._refuse(self._refused or _of_waitress(self.error.code))
        elif self.body_rcv is not None:
            self._look()
        return len(data) if self.error is not None else consumed

    def _check_begin(self, begin: bytes) -> None:
        """Refuse what can never become a call: its client would wait for a reply, and the server for the rest."""
        message = ""
        if begin[:1] == _TLS:
            message = "the server speaks plain HTTP: use http://, or put a proxy with TLS in front of it"
        elif begin.strip(b"\r\n") and not _BEGIN.match(begin.lstrip(b"\r\n")):
            message = "it does not begin with a method of HTTP"
        elif _BARE_LF.search(begin):
            message = "a line ends without a carriage return"
        if message:
            self._refused = Refused(400, "not_http", message)
            super().parse_header(b"GET / HTTP/1.0\r\n")
            error: Any = BadRequest(message)
            self.error = error

    def _look(self) -> None:
        try:
            if self._most_bytes is None:
                self._most_bytes = self._limit()
            received: Any = self.body_rcv
            if max(self.content_length, len(received)) > self._most_bytes:
                raise Refused(413, "too_large", f"the body is larger than {self._most_bytes} bytes")
        except Refused as refused:
            self._refuse(refused)

    def _limit(self) -> int:
        """A small body is received without a look at the gate, which refuses the call later."""
        if self.chunked or self.expect_continue or self.content_length > self._small_bytes:
            return self._gate.most_bytes(self._call())
        return self._small_bytes

    def _refuse(self, refused: Refused) -> None:
        self.expect_continue = False
        self.completed = True
        if not isinstance(self.error, Refusal):
            refusal: Any = Refusal(self._gate.refuse(self._call(), refused))
            self.error = refusal

    def _call(self, body: BinaryIO | None = None, length: int = 0) -> Call:
        target = str(getattr(self, "request_uri", ""))
        path, _, query = target.partition("?")
        headers = {name.replace("_", "-").lower(): str(value) for name, value in self.headers.items()}
        command = str(getattr(self, "command", ""))
        return Call.new(command, path, query, headers, body or io.BytesIO(), length, self._remote)

    def parse_header(self, header_plus: bytes) -> None:
        """Raises `ParsingError`."""
        lines = [line for line in header_plus.split(b"\r\n")[1:] if line and line[:1] not in b" \t"]
        names = [line.partition(b":")[0].lower() for line in lines]
        if len(names) > MOST_HEADERS:
            self._wrong(431, "too_many_headers", f"there are more than {MOST_HEADERS} headers")
        for name in _ONCE:
            if names.count(name) > 1:
                self._wrong(400, "repeated_header", f"the header {name.decode('ascii')} is there twice")
        super().parse_header(header_plus)
        if self.version not in ("1.0", "1.1"):
            self._wrong(400, "version", "the version of HTTP is not 1.0 or 1.1")
        if b"transfer-encoding" in names and (b"content-length" in names or self.version == "1.0"):
            self._wrong(400, "framing", "the length of the body is not clear: Transfer-Encoding with Content-Length")

    def _wrong(self, status: int, reason: str, message: str) -> None:
        self._refused = Refused(status, reason, message)
        raise ParsingError(message)


class Refusal:
    """Takes the place of waitress' errors. `code`: the HTTP status."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.code = reply.status

    def to_response(self, _: Any = None) -> tuple[str, list[tuple[str, str]], bytes]:
        status, headers = head_of(self._reply)
        return status, headers, self._reply.body if isinstance(self._reply.body, bytes) else b""


def _of_waitress(status: int) -> Refused:
    """The refusal for an error of waitress' parser, whose text may quote a token."""
    reasons = {413: "too_large", 431: "headers_too_large", 501: "transfer_encoding"}
    messages = {
        413: "the body is too large",
        431: "the headers are too large",
        501: "the only Transfer-Encoding is chunked",
    }
    return Refused(status, reasons.get(status, "not_http"), messages.get(status, "the call is not valid HTTP/1.1"))
