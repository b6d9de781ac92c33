"""The server library, waitress: sockets, limits of connections, threads, and an orderly end."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import waitress.server
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from ...log import logger
from ..server.documents import MOST_BYTES
from .application import Application
from .body_limits import MOST_UPLOAD_BYTES
from .connections import Channel, Pace, too_slow

THREADS = 64
_CONNECTIONS = 100
_HEADER_BYTES = 32 * 1024
_LOOK_S = 0.5
_LOOK_AT_THE_END_S = 0.02
# For the last bytes of the last replies.
_FLUSH_S = 2.0
_LOG = logger("serve")


class Limits(NamedTuple):
    """`body_bytes`: of the largest body that is received from anybody. `sweep_s`: between looks for slow clients."""

    threads: int = THREADS
    connections: int = _CONNECTIONS
    body_bytes: int = MOST_BYTES
    upload_bytes: int = MOST_UPLOAD_BYTES
    pace: Pace = Pace()
    sweep_s: float = 5.0


class _Server:
    """What both kinds of waitress' servers get in addition."""

    logger = _LOG
    channel_class: Any = Channel
    gate: Application
    pace: Pace
    small_bytes: int
    is_draining = False
    active_channels: Any
    trigger: Any
    in_connection_overflow: bool
    next_channel_cleanup: Any
    task_dispatcher: Any

    def add_task(self, channel: Any) -> None:
        """Called by waitress when a connection has a whole call."""
        if not channel.is_begun_here():
            self.task_dispatcher.add_task(channel)

    def maintenance(self, now: float) -> None:
        """Called by waitress every `sweep_s`. `now`: epoch seconds."""
        pace = self.pace
        if self.in_connection_overflow:
            # Others wait for a connection, so idle ones, and those without a whole call, end sooner.
            pace = pace._replace(idle_s=min(pace.idle_s, 1.0), head_s=min(pace.head_s, 2.0))
            self.next_channel_cleanup = now + 1.0
        idle = [channel for channel in self.active_channels.values() if _is_idle(channel, now - pace.idle_s)]
        for channel in [*idle, *too_slow(self.active_channels.values(), pace)]:
            # Not here: waitress is about to use the connections.
            self.trigger.pull_trigger(channel.handle_close)


def _is_idle(channel: Channel, since: float) -> bool:
    is_used = channel.requests or channel.request is not None or channel.total_outbufs_len
    return not is_used and channel.last_activity < since


class _Quietly:
    """waitress warns of each call that waits for a thread."""

    def warning(self, text: str, *arguments: Any) -> None:
        _LOG.debug(text, *arguments)


class _Dispatcher(ThreadedTaskDispatcher):
    logger = _LOG
    queue_logger: Any = _Quietly()


class _TcpServer(_Server, waitress.server.TcpWSGIServer):
    pass


class _UnixServer(_Server, waitress.server.UnixWSGIServer):
    pass


class Listener:
    """Serves on the sockets, in a thread of its own from `start` on."""

    def __init__(self, listening: Sequence[socket.socket], application: Application, limits: Limits) -> None:
        self._map: dict[int, Any] = {}
        self._dispatcher = _Dispatcher()
        # The connections, and for each socket itself and what wakes its thread.
        adjustments = _adjustments(limits, limits.connections + 2 * len(listening))
        self._servers = [
            _server(each, application, limits, adjustments, self._map, self._dispatcher) for each in listening
        ]
        self._dispatcher.set_thread_count(limits.threads)
        self._is_stopped = False
        self._thread = threading.Thread(target=self._serve, name="vt-listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_serving(self) -> bool:
        return self._thread.is_alive()

    def _serve(self) -> None:
        while not self._is_stopped and self._map:
            wasyncore.loop(timeout=_LOOK_S, use_poll=True, map=self._map, count=1)

    def stop(self, within_s: float) -> None:
        """Finish the calls in progress, and close. Meanwhile the application answers further calls.

        Calls that take longer than `within_s` are cut off.
        """
        until = time.monotonic() + within_s
        for server in self._servers:
            server.is_draining = True
        self._wait_while_busy(until)
        for server in self._servers:
            server.accepting = False
        self._dispatcher.shutdown(timeout=math.ceil(max(_LOOK_S, until - time.monotonic())))
        self._wait_while_busy(time.monotonic() + _FLUSH_S)
        self._is_stopped = True
        self._servers[0].pull_trigger()
        self._thread.join(_LOOK_S * 2)
        wasyncore.close_all(self._map)

    def _wait_while_busy(self, until: float) -> None:
        while time.monotonic() < until and any(_is_busy(server) for server in self._servers):
            time.sleep(_LOOK_AT_THE_END_S)


def _is_busy(server: Any) -> bool:
    channels: list[Channel] = list(server.active_channels.values())
    return any(channel.requests or channel.total_outbufs_len for channel in channels)


def _server(
    listening: socket.socket,
    application: Application,
    limits: Limits,
    adjustments: Any,
    sockets: dict[int, Any],
    dispatcher: ThreadedTaskDispatcher,
) -> Any:
    make: Any = _UnixServer if listening.family == socket.AF_UNIX else _TcpServer
    server = make(
        application,
        map=sockets,
        _sock=listening,
        dispatcher=dispatcher,
        adj=adjustments,
        sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
        bind_socket=False,
    )
    server.gate, server.pace, server.small_bytes = application, limits.pace, limits.body_bytes
    return server


def _adjustments(limits: Limits, connections: int) -> Any:
    return Adjustments(
        threads=limits.threads,
        connection_limit=connections,
        cleanup_interval=limits.sweep_s,
        max_request_header_size=_HEADER_BYTES,
        # Each route has a limit of its own: see `body_limits`.
        max_request_body_size=limits.upload_bytes + 1,
        ident=None,
        # They are refused instead: see `defence`.
        clear_untrusted_proxy_headers=False,
        # Otherwise it does not see during a call that the client has disconnected.
        channel_request_lookahead=1,
        log_socket_errors=False,
    )
