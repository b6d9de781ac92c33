"""`python -m bench.bare_server`: waitress with an application that always returns the same bytes.

It reads them from standard input and prints its port. Threads and connections are those of `vtaction serve`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, Callable

import waitress.server

_THREADS, _CONNECTIONS = 64, 100


def main() -> int:
    body = sys.stdin.buffer.read()

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", str(len(body))), ("Content-Type", "application/json")])
        return [body]

    server: Any = waitress.server.create_server(
        application, listen="127.0.0.1:0", threads=_THREADS, connection_limit=_CONNECTIONS, asyncore_use_poll=True
    )
    print(server.effective_port, flush=True)
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
