"""A server as a process of its own, so that it can be killed: `python -m tests.http.contract_api.server_process`.

Prints its address and serves until its input ends. Its settings come from the environment.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.http.serving import TOKENS
from vt_connectors.adapters.http.defence import Defence
from vt_connectors.adapters.http.listening import Limits, Listener
from vt_connectors.adapters.http.service import Service
from vt_connectors.adapters.http.sockets import tcp_socket
from vt_connectors.clock import SystemClock

_PROJECT = Path(__file__).resolve().parents[3]


@contextlib.contextmanager
def server_process(environment: Mapping[str, str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address and the process, which is killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.http.contract_api.server_process"],
        cwd=_PROJECT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            yield process.stdout.readline().decode().strip(), process
        finally:
            process.kill()


def _serve() -> None:
    listening = tcp_socket("127.0.0.1", 0)
    address = f"127.0.0.1:{listening.getsockname()[1]}"
    service = Service(os.environ, TOKENS, Defence({address}), SystemClock())
    listener = Listener([listening], service.application, Limits())
    listener.start()
    print(f"http://{address}", flush=True)
    sys.stdin.read()
    listener.stop(5.0)
    service.close()


if __name__ == "__main__":
    _serve()
