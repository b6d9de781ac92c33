"""The sandbox on a loopback port."""

from __future__ import annotations

import random
import socket
import threading
import time
from types import TracebackType
from typing import Callable

from ..app import SandboxApp
from ..quotas import Clock, Quota
from ..request_log import Charge, LoggedRequest
from ..state import SandboxConfig
from .http_server import HttpServer

_POLL_S = 0.01  # so stopping takes at most this long


class SandboxServer:
    """A stand-in for VirusTotal. The port is open from its creation; it sends responses inside `with`.

    `quota` is every key's quota, by default the public one. `clock` returns epoch seconds and decides everything
    that depends on time. `port` 0 means any free port. `latency_s` is added to every response in real seconds; a
    pair is the minimum and maximum. `sleep` does the waiting.
    """

    def __init__(
        self,
        quota: Quota | None = None,
        clock: Clock = time.time,
        host: str = "127.0.0.1",
        port: int = 0,
        latency_s: float | tuple[float, float] = 0.0,
        config: SandboxConfig | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        config = config or SandboxConfig()
        low, high = latency_s if isinstance(latency_s, tuple) else (latency_s, latency_s)
        chance = random.Random(config.seed)  # noqa: S311 - nothing is kept secret by it
        self._http = HttpServer(host, port, lambda: chance.uniform(low, high), config.slow_s, sleep)
        name = f"[{host}]" if self._http.address_family == socket.AF_INET6 else host
        self.url = f"http://{name}:{self._http.server_port}"
        self.app = SandboxApp(quota or Quota(), clock, config, self.url)
        self._http.app = self.app
        self._thread: threading.Thread | None = None

    @property
    def requests(self) -> list[LoggedRequest]:
        """The requests that were charged to a quota, in order of arrival."""
        return self.app.log.entries(Charge.SPENT)

    @property
    def refused(self) -> int:
        """The number of requests refused for lack of quota."""
        return len(self.app.log.entries(Charge.REFUSED))

    @property
    def all_requests(self) -> list[LoggedRequest]:
        """All requests, including free and refused ones."""
        return self.app.log.entries()

    @property
    def is_answering(self) -> bool:
        """Whether the server was started, and has not failed."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Serve in a background thread."""
        self._thread = threading.Thread(target=self._http.serve_forever, args=(_POLL_S,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the server, and close the port and all connections."""
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._thread = None
        self._http.server_close()

    def __enter__(self) -> SandboxServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
