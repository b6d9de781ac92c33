"""Replies as bytes: without a body, with one that is sent as it is made, and with a client that does not read."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Callable

import pytest

from vt_connectors.adapters.http.application import Application, Watcher
from vt_connectors.adapters.http.callers import Caller
from vt_connectors.adapters.http.connections import Pace
from vt_connectors.adapters.http.defence import Defence
from vt_connectors.adapters.http.listening import Limits, Listener
from vt_connectors.adapters.http.messages import Call, Note, Refused, Reply
from vt_connectors.adapters.http.replies import head_of
from vt_connectors.adapters.http.sockets import tcp_socket
from vt_connectors.clock import SystemClock

from .raw import read_all
from .serving import TOKENS

_MOST_S = 60.0
CLOSE = "Connection: close\r\n"


class PageFace:
    """Replies with what `page` makes, to anybody."""

    def __init__(self, page: Callable[[], Reply]) -> None:
        self._page = page

    def token_of(self, call: Call) -> str | None:
        return None

    def is_open(self, call: Call) -> bool:
        return True

    def answer(self, call: Call, caller: Caller) -> Reply:
        return self._page()

    def refuse(self, refused: Refused) -> Reply:
        return Reply(refused.status)


class Body:
    """An endless body, or one of so many pieces. `ended` is set when the server is done with it."""

    def __init__(self, pieces: int | None = None, *, fails: bool = False) -> None:
        self._pieces = pieces
        self._fails = fails
        self.ended = threading.Event()

    def reply(self) -> Reply:
        return Reply(200, self.made(), content_type="text/plain")

    def made(self) -> Iterator[bytes]:
        try:
            made = 0
            while self._pieces is None or made < self._pieces:
                made += 1
                yield b"a" * (65536 if self._pieces is None else 3)
            if self._fails:
                raise RuntimeError("in the middle of the body")
        finally:
            self.ended.set()


@contextlib.contextmanager
def listening(
    page: Callable[[], Reply],
    pace: Pace = Pace(),  # noqa: B008
    threads: int = 4,
    watchers: Sequence[Watcher] = (),
) -> Iterator[int]:
    """The port of a server with this page."""
    socket_ = tcp_socket("127.0.0.1", 0)
    port = int(socket_.getsockname()[1])
    application = Application({"": PageFace(page)}, TOKENS, Defence({"x"}), SystemClock(), watchers)
    listener = Listener([socket_], application, Limits(threads=threads, pace=pace, sweep_s=0.1))
    listener.start()
    try:
        yield port
    finally:
        listener.stop(1.0)


def ask(port: int, *calls: str) -> list[bytes]:
    """Heads and bodies of all replies on one connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=_MOST_S) as client:
        client.sendall("".join(f"{line} HTTP/1.1\r\nHost: x\r\n{more}\r\n" for line, more in _with_end(calls)).encode())
        return read_all(client).split(b"\r\n\r\n")


def _with_end(calls: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(line, CLOSE if line is calls[-1] else "") for line in calls]


def test_a_body_that_is_made_while_it_is_sent_comes_in_chunks() -> None:
    body = Body(2)
    with listening(body.reply) as port:
        head, rest = ask(port, "GET /")[0], ask(port, "GET /")[1:]
    assert b"Transfer-Encoding: chunked" in head
    assert b"\r\n\r\n".join(rest) == b"3\r\naaa\r\n3\r\naaa\r\n0\r\n\r\n"
    assert body.ended.is_set()


def test_a_body_that_fails_is_cut_off_without_the_end_of_its_chunks() -> None:
    body = Body(2, fails=True)
    with listening(body.reply) as port:
        _, rest = ask(port, "GET /")
    assert rest == b"3\r\naaa\r\n3\r\naaa\r\n"


def test_a_reply_to_head_has_no_body_and_what_would_make_it_is_closed() -> None:
    body = Body()

    def page() -> Reply:
        pieces = body.made()
        next(pieces)
        return Reply(200, pieces)

    with listening(page) as port:
        head, rest = ask(port, "HEAD /")
    assert head.startswith(b"HTTP/1.1 200")
    assert rest == b""
    assert body.ended.is_set()


def test_a_reply_without_content_has_neither_body_nor_length() -> None:
    with listening(lambda: Reply(204)) as port:
        head, rest = ask(port, "GET /")
    assert head.startswith(b"HTTP/1.1 204")
    assert rest == b""
    assert not [line for line in head.lower().split(b"\r\n") if line.startswith((b"content-", b"transfer-"))]


@pytest.mark.parametrize("body", [b"", b"words"])
def test_the_head_of_a_reply_without_content_is_right_before_the_server_library_sees_it(body: bytes) -> None:
    status, headers = head_of(Reply(204, body, (("Retry-After", "7"),)))
    assert status == "204 No Content"
    assert ("Retry-After", "7") in headers
    assert not [name for name, _ in headers if name.lower().startswith(("content-", "transfer-"))]


def test_a_body_by_mistake_is_not_sent_without_its_length() -> None:
    with listening(lambda: Reply(204, b"words")) as port:
        _, rest = ask(port, "GET /")
    assert rest == b""


def test_the_connection_is_kept_after_a_reply_to_head() -> None:
    with listening(lambda: Reply(200, b"page", content_type="text/plain")) as port:
        first, second, body = ask(port, "HEAD /", "GET /")
    assert b"Content-Length: 4" in first
    assert second.startswith(b"HTTP/1.1 200")
    assert body == b"page"


def test_a_client_that_does_not_read_its_reply_is_disconnected_and_its_thread_is_free_again() -> None:
    bodies: list[Body] = []

    def page() -> Reply:
        bodies.append(Body() if not bodies else Body(1))
        return bodies[-1].reply()

    with listening(page, Pace(idle_s=0.3), threads=1) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=_MOST_S) as client:
            client.sendall(f"GET / HTTP/1.1\r\nHost: x\r\n{CLOSE}\r\n".encode())
            # The only thread answers this call after the first one was given up.
            assert ask(port, "GET /")[0].startswith(b"HTTP/1.1 200")
        assert bodies[0].ended.is_set()


class Ends:
    """A watcher: the bytes of each reply."""

    def __init__(self) -> None:
        self.bytes: list[int] = []
        self.one_ended = threading.Event()

    is_ready = True

    def began(self, call: Call) -> None:
        pass

    def replied(
        self, call: Call, caller: Caller | None, reply: Reply, refused: Refused | None, sent_bytes: int, took_s: float
    ) -> None:
        self.bytes.append(sent_bytes)
        self.one_ended.set()

    def answered_line(self, call: Call, caller: Caller, note: Note) -> None:
        pass


def test_a_reply_has_ended_when_its_body_has_whether_it_is_taken_or_not() -> None:
    ends = Ends()
    failing, endless = Body(2, fails=True), Body()
    pages = [Body(2).reply, failing.reply, endless.reply]
    with listening(lambda: pages.pop(0)(), Pace(idle_s=0.3), watchers=[ends]) as port:
        ask(port, "GET /")
        ask(port, "GET /")
        assert ends.bytes == [6, 6]
        ends.one_ended.clear()
        with socket.create_connection(("127.0.0.1", port), timeout=_MOST_S) as client:
            client.sendall(f"GET / HTTP/1.1\r\nHost: x\r\n{CLOSE}\r\n".encode())
            assert client.recv(1)
            assert len(ends.bytes) == 2
        assert ends.one_ended.wait(_MOST_S)
    assert len(ends.bytes) == 3
    assert endless.ended.is_set()
