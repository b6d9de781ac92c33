"""Runs the requests of a Python program's connection, in each process with a core of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from ...contract.documents import Request
from .connecting import Opening
from .connection import CLOSED, Answering, Connection
from .options import plain_value, read_options

if TYPE_CHECKING:
    from ...contract.response import Response
    from ...observer import Observer

Self = TypeVar("Self", bound="Calling")
_STREAM = "ioc_stream"


class Calling:
    """What all methods need: `_run` sends a request to this process's core."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._connections: dict[int, Connection] = {}
        self._closed = False

    def close(self) -> None:
        """Close connections, files and threads. Calls that wait for quota in other threads raise `Cancelled`; requests
        in flight are completed first. It may be called several times.

        The answers of `ioc_stream` count as delivered, unless an exception ends a `with` block.
        """
        self._close(are_delivered=True)

    def _close(self, *, are_delivered: bool) -> None:
        self._closed = True
        connection = self._connections.get(os.getpid())
        if connection is not None:
            connection.close(are_delivered=are_delivered)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        # The exception may have interrupted the work on an answer.
        self._close(are_delivered=error is None)

    def __repr__(self) -> str:
        return f"<VirusTotal at {self._opening.about}{', closed' if self._closed else ''}>"

    def __reduce__(self) -> str:
        raise TypeError("a connection cannot be pickled; call connect() in each process")

    def _connection(self) -> Connection:
        """This process's connection. A forked process makes a new one: locks and sockets do not survive a fork."""
        if self._closed:
            raise RuntimeError(CLOSED)
        pid = os.getpid()
        if pid not in self._connections:
            self._connections.setdefault(pid, self._opening.open())
        return self._connections[pid]

    @contextmanager
    def _core(self) -> Iterator[Answering]:
        with self._connection().core() as core:
            yield core

    def _run(
        self,
        action: str,
        params: Mapping[str, Any],
        known: type,
        options: Mapping[str, object],
        observer: Observer | None = None,
    ) -> Response:
        given = {name: plain_value(value) for name, value in params.items() if value is not None}
        request = Request(action, given, read_options(known, options))
        if action == _STREAM:
            return self._read_on(request)
        with self._core() as core:
            run: Callable[..., Response] = core.run
            return run(request) if observer is None else run(request, observer=observer)

    def _read_on(self, request: Request) -> Response:
        """The response of a stream. The caller has the last one of the same stream, if it asks for the next."""
        connection, stream = self._connection(), str(request.params.get("filter"))
        with connection.core() as core:
            connection.deliver(stream)
            response = core.run(request)
            connection.hand_out(stream, response)
            return response
