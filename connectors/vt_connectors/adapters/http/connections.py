"""waitress' connections, with the deadlines that they lack: clients that send or read too slowly are disconnected."""

from __future__ import annotations

import functools
import socket
import threading
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

from ...log import logger
from .messages import Ready
from .receiving import Parser, Refusal
from .replies import head_of

_LOG = logger("serve")
# What is still read after a refusal, so that the client can read the reply before the connection ends.
_DISCARDED_BYTES, _DISCARDED_S = 64 * 1024 * 1024, 2.0


class Pace(NamedTuple):
    """How slow a client may be. `idle_s`: without a call, or without reading the reply. `head_s`: from the first byte
    of a call to the end of its headers. `body_s`: for a body, and one second more for each `body_bytes_per_s`.
    """

    idle_s: float = 30.0
    head_s: float = 30.0
    body_s: float = 30.0
    body_bytes_per_s: float = 8192.0


class Task(WSGITask):
    """One call while it is answered."""

    logger = _LOG

    def start(self) -> None:
        super().start()
        server: Any = self.channel.server
        if server.is_draining:
            self.set_close_on_finish()

    def execute(self) -> None:
        request: Any = self.request
        ready: Ready | None = request.ready
        if ready is None:
            super().execute()
            return
        body = ready.reply.body
        assert isinstance(body, bytes)
        self.status, self.response_headers = head_of(ready.reply)
        self.complete = True
        ready.ended(len(body))
        # In one piece, which takes one call of the system.
        self.channel.write_soon(self.build_response_header() + body)
        self.wrote_header = True

    def finish(self) -> None:
        request: Any = self.request
        if request.command == "HEAD":
            if not self.wrote_header:
                self.write(b"")
            # The end of a chunked body is part of the body.
            self.chunked_response = False
        super().finish()


class _WithoutPaths:
    """waitress' messages about a call contain its path, in which a client may have put its token."""

    def exception(self, *_: Any) -> None:
        _LOG.exception("a call failed outside of the application")

    def info(self, *_: Any) -> None:
        _LOG.info("a client disconnected before its reply was sent")

    def log(self, level: int, message: str) -> None:
        """Faults of the connection itself, without the path."""
        _LOG.log(level, "%s", message)


class Channel(HTTPChannel):
    """One connection. `server` has `gate`, `pace`, `small_bytes` and `is_draining`."""

    logger: Any = _WithoutPaths()
    task_class = Task
    # Whether the call in progress is refused.
    is_refused = False

    def __init__(self, server: Any, sock: socket.socket, addr: Any, adj: Any, map: Any = None) -> None:
        super().__init__(server, sock, addr, adj, map)
        remote = str(addr[0]) if addr[1] is not None else ""
        make: Any = functools.partial(Parser, gate=server.gate, remote=remote, small_bytes=server.small_bytes)
        self.parser_class = make
        self._receives_since = time.monotonic()
        self._unsent: tuple[float, float] | None = None
        # The thread that receives, and whether it has received a whole call.
        self._receiver, self._is_due = 0, False
        self._discards_until: float | None = None
        self._discarded = 0

    def received(self, data: bytes) -> bool:
        if any(request.error for request in self.requests):
            return False  # the rest of a refused call
        if self.request is None:
            self._receives_since = time.monotonic()
        self._receiver, self._is_due = threading.get_ident(), False
        try:
            is_received = bool(super().received(data))
        finally:
            self._receiver = 0
        if self._is_due:
            self._begin()
        return is_received

    def is_begun_here(self) -> bool:
        """Whether this thread is receiving a call, and begins to answer it when it has it."""
        if self._receiver != threading.get_ident():
            return False
        self._is_due = True
        return True

    def _begin(self) -> None:
        """Answer a call at once if that takes no waiting. Otherwise a thread does, because this one serves all."""
        request: Any = self.requests[0]
        if request.error is None and request.look_for_a_reply():
            self.service()
        else:
            server: Any = self.server
            server.task_dispatcher.add_task(self)

    def is_too_slow(self, now: float, pace: Pace) -> bool:
        """Whether the client sends or reads too slowly at `now`, in monotonic seconds."""
        if self._discards_until is not None:
            return now > self._discards_until
        if self.total_outbufs_len:
            return self._reads_too_slowly(now, pace)
        self._unsent = None
        request = self.request
        if self.requests:
            self._receives_since = now  # the next call waits for the reply to this one
        if request is None or self.requests:
            return False
        most_s = pace.head_s
        if request.headers_finished:
            most_s = pace.head_s + pace.body_s + request.body_bytes_received / pace.body_bytes_per_s
        return now - self._receives_since > most_s

    def _reads_too_slowly(self, now: float, pace: Pace) -> bool:
        """Whether nothing could be sent for a while."""
        if self._unsent is None or self._unsent[0] != self.last_activity:
            self._unsent = self.last_activity, now
        return now - self._unsent[1] > pace.idle_s

    def handle_write(self) -> None:
        if self._ends_after_a_refusal():
            self.close_when_flushed = False
            self._discards_until = time.monotonic() + _DISCARDED_S
            self._end_output()
            return
        super().handle_write()

    def _end_output(self) -> None:
        connection: Any = self.socket
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            self.handle_close()

    def _ends_after_a_refusal(self) -> bool:
        return self.close_when_flushed and self.is_refused and not self.total_outbufs_len and not self.will_close

    def readable(self) -> bool:
        return self._discards_until is not None or bool(super().readable())

    def handle_read(self) -> None:
        if self._discards_until is None:
            super().handle_read()
            return
        try:
            # `recv` closes the connection if the client closed it.
            self._discarded += len(self.recv(self.adj.recv_bytes))
        except OSError:
            self.handle_close()
            return
        if self._discarded > _DISCARDED_BYTES:
            self.handle_close()

    def service(self) -> None:
        self.is_refused = isinstance(self.requests[0].error, Refusal)
        super().service()


def too_slow(channels: Iterable[Channel], pace: Pace) -> list[Channel]:
    """The connections to end."""
    now = time.monotonic()
    return [channel for channel in list(channels) if channel.is_too_slow(now, pace)]
