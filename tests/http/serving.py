"""A server within the test's process, in front of the sandbox."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Callable

import requests

from vt_connectors.adapters.http.application import Watcher
from vt_connectors.adapters.http.callers import RIGHTS, Caller
from vt_connectors.adapters.http.defence import Defence
from vt_connectors.adapters.http.listening import Limits, Listener
from vt_connectors.adapters.http.rights import DEFAULT_SETTINGS, ServerSettings
from vt_connectors.adapters.http.service import Service
from vt_connectors.adapters.http.sockets import tcp_socket
from vt_connectors.clock import SystemClock
from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

from .direct import call

KEY = "a-key-of-the-sandbox-that-clients-never-see"
READER, EVERYTHING = "vtc_reader", "vtc_everything"


UNLIMITED = Quota(windows=(), per_day=None, per_month=None)
# The start and end of threads take longer than most calls. So many let eleven calls of a client wait at once.
LIMITS = Limits(threads=24)
# As it is outside tests.
FOR_MANY_AT_ONCE = Limits()


class KnownTokens:
    """Tokens by their text."""

    def __init__(self, callers: Mapping[str, Caller]) -> None:
        self._callers = dict(callers)

    def find(self, token: str) -> Caller | None:
        return self._callers.get(token)


TOKENS = KnownTokens({READER: Caller("reader"), EVERYTHING: Caller("everything", frozenset(RIGHTS))})


class Serving:
    """The server's address, and calls to it."""

    def __init__(self, url: str, sandbox: SandboxServer, service: Service, clock: SystemClock) -> None:
        self.url = url
        self.clock = clock
        self.sandbox = sandbox
        self.service = service

    def call(
        self,
        method: str,
        path: str,
        token: str | None = EVERYTHING,
        headers: Mapping[str, str] | None = None,
        **rest: Any,
    ) -> requests.Response:
        given = {} if token is None else {"Authorization": f"Bearer {token}"}
        return call(method, self.url + path, headers={**given, **(headers or {})}, timeout=60, **rest)

    def run(self, document: Any, token: str = EVERYTHING) -> Any:
        """The response document of `POST /v1/run`."""
        reply = self.call("POST", "/v1/run", token, {"Content-Type": "application/json"}, data=json.dumps(document))
        response = reply.json()
        # 403: the token lacks the right.
        is_refused = (response["error"] or {}).get("details", {}).get("right") is not None
        assert reply.status_code == (403 if is_refused else 200), reply.text
        return response


@contextlib.contextmanager
def serving(
    folder: Path,
    *,
    quota: str = "none",
    sandbox_quota: Quota = UNLIMITED,
    config: SandboxConfig | None = None,
    tokens: KnownTokens = TOKENS,
    key: str = KEY,
    limits: Limits = LIMITS,
    watchers: Sequence[Watcher] = (),
    server_settings: ServerSettings = DEFAULT_SETTINGS,
    download_bytes: int = 0,
    hold: Callable[[], object] | None = None,
    **settings: str,
) -> Iterator[Serving]:
    """`settings`: further variables of the server's environment. `hold()`: the sandbox responds when it returns."""
    clock = SystemClock()
    held: dict[str, Any] = {} if hold is None else {"latency_s": 1.0, "sleep": lambda _: hold()}
    with SandboxServer(sandbox_quota, config=config, **held) as sandbox:
        environment = {
            "VT_API_URL": sandbox.url,
            "VT_API_KEY": key,
            "VT_STATE": str(folder / "state.db"),
            "VT_QUOTA": quota,
            **settings,
        }
        listening = tcp_socket("127.0.0.1", 0)
        port = listening.getsockname()[1]
        defence = Defence({f"127.0.0.1:{port}"})
        allowed = server_settings._replace(download_bytes=download_bytes)
        service = Service(environment, tokens, defence, clock, watchers, limits.threads, allowed)
        listener = Listener([listening], service.application, limits)
        listener.start()
        try:
            yield Serving(f"http://127.0.0.1:{port}", sandbox, service, clock)
        finally:
            listener.stop(5.0)
            service.close()
