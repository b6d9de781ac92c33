"""`vtaction serve`: serves until it is stopped."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from ...clock import SystemClock
from ...contract import FAILED, MALFORMED, OK
from ...errors import Cancelled
from ..http.callers import Tokens
from ..http.defence import Defence
from ..http.listening import Limits, Listener, tcp_socket
from ..http.service import Service

_DEFAULT = "127.0.0.1:8300"
_STOP_WITHIN_S = 25.0
_DOWNLOAD_MB = 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--listen", default=_DEFAULT, metavar="HOST:PORT", help=f"default {_DEFAULT}; port 0: a free one"
    )
    parser.add_argument(
        "--allow-downloads",
        type=int,
        nargs="?",
        const=_DOWNLOAD_MB,
        default=0,
        metavar="MB",
        help=f"pass on files of VirusTotal's collection, which are malware, up to this size (default {_DOWNLOAD_MB})",
    )
    parser.add_argument("--tokens", metavar="FILE", help="the file with the clients' tokens")


def serve(options: argparse.Namespace, environment: Mapping[str, str], clock: SystemClock, tokens: Tokens) -> int:
    """Serve until the process is asked to end. Returns the exit status."""
    host, _, port = options.listen.rpartition(":")
    try:
        listening = tcp_socket(host.strip("[]"), int(port))
    except (OSError, ValueError, OverflowError) as error:
        sys.stderr.write(f"vtaction serve: cannot listen at {options.listen}: {error}\n")
        return MALFORMED
    bound = listening.getsockname()[1]
    names = {f"{name}:{bound}" for name in ("127.0.0.1", "localhost", "[::1]", host)}
    service = Service(
        environment, tokens, Defence(names), clock, download_bytes=max(0, options.allow_downloads) * 1024 * 1024
    )
    listener = Listener(listening, service.application, Limits())
    listener.start()
    sys.stdout.write(f"http://{host}:{bound}\n")
    sys.stdout.flush()
    try:
        while listener.is_serving:
            clock.sleep(1.0)
    except Cancelled:
        service.application.is_stopping = True
        listener.stop(_STOP_WITHIN_S)
        service.close()
        return OK
    sys.stderr.write("vtaction serve: the server stopped unexpectedly\n")
    return FAILED
