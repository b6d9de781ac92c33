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

_POLL_S = 0.01  # how long stopping may take


class SandboxServer:
    """A stand-in for VirusTotal. The port is open once it is made; it answers inside `with`.

    `quota` is what every key may spend, the public quota unless given. `clock` returns epoch seconds and
    decides everything that depends on time. `port` 0 takes any free one. `latency_s` is added to every answer
    in real seconds; of a pair, anything between the two. `sleep` is what waits for them.
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
        """The requests that were taken off a quota, in order of arrival."""
        return self.app.log.entries(Charge.SPENT)

    @property
    def refused(self) -> int:
        """The number of requests refused for want of quota."""
        return len(self.app.log.entries(Charge.REFUSED))

    @property
    def all_requests(self) -> list[LoggedRequest]:
        """Every request, the free and the refused ones too."""
        return self.app.log.entries()

    @property
    def is_answering(self) -> bool:
        """Whether it was started, and has not failed."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Answer in the background."""
        self._thread = threading.Thread(target=self._http.serve_forever, args=(_POLL_S,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, and close the port and every connection."""
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
