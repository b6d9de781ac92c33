"""`vtaction serve`: serves until it is stopped."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from ...clock import SystemClock
from ...contract import FAILED, MALFORMED, OK
from ...errors import Cancelled, ConfigError
from ..http.defence import Defence
from ..http.listening import Limits, Listener, tcp_socket
from ..http.service import Service
from ..http.token_file import make_tokens_file
from ..http.tokens import FileTokens
from .token_command import tokens_path

_STOP_WITHIN_S = 25.0


def serve(options: argparse.Namespace, environment: Mapping[str, str], clock: SystemClock) -> int:
    """Serve until the process is asked to end. Returns the exit status."""
    host, _, port = options.listen.rpartition(":")
    try:
        tokens = _tokens(options, environment, clock)
        listening = tcp_socket(host.strip("[]"), int(port))
    except ConfigError as error:
        sys.stderr.write(f"vtaction serve: {error.message}\n")
        return MALFORMED
    except (OSError, ValueError, OverflowError) as error:
        sys.stderr.write(f"vtaction serve: cannot listen at {options.listen}: {error}\n")
        return MALFORMED
    bound = listening.getsockname()[1]
    names = {f"{name}:{bound}" for name in ("127.0.0.1", "localhost", "[::1]", host)}
    service = Service(environment, tokens, Defence(names, options.behind_proxy), clock, threads=options.threads)
    listener = Listener(listening, service.application, Limits(threads=options.threads))
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


def _tokens(options: argparse.Namespace, environment: Mapping[str, str], clock: SystemClock) -> FileTokens:
    """The tokens of the file, which is made if it is missing. Raises `ConfigError`."""
    path = tokens_path(options, environment)
    try:
        return FileTokens(path, clock)
    except FileNotFoundError:
        made = make_tokens_file(path, clock.now())
    if made is not None:
        sys.stderr.write(
            f"vtaction serve: made the tokens file {path} with one token, local, which may read; the token is in "
            f"{made}; vtaction serve token add makes more\n"
        )
    return FileTokens(path, clock)
