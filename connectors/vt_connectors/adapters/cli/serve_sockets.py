"""The sockets of `vtaction serve`: from its options, or from systemd."""

from __future__ import annotations

import argparse
import errno
import os
import socket
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import ExitStack, contextmanager

from ...errors import ConfigError
from ..http.sockets import Address, SocketFile, address_at, address_of, passed_sockets, tcp_socket
from .logs import complain
from .serve_arguments import DEFAULT_ADDRESS, MODES

_NEXT_STEPS = {
    errno.EADDRINUSE: "stop what listens there (vtaction serve --check asks it), or name another place",
    errno.EACCES: "name a port from 1024 on, or a folder that you may write to",
    errno.EADDRNOTAVAIL: "name an address that this machine has",
    errno.ENOENT: "make the folder, or name another",
    errno.ENOTDIR: "name a path in a folder",
    0: "name a path of less than 100 characters",
}


@contextmanager
def listening(options: argparse.Namespace, environment: MutableMapping[str, str]) -> Iterator[Sequence[socket.socket]]:
    """The listening sockets. A socket file is removed at the end. Raises `ConfigError`."""
    passed = passed_sockets(environment, os.getpid())
    if passed and (options.listen is not None or options.unix is not None):
        raise ConfigError("systemd passed a socket, so leave out --listen and --unix, or stop the unit of the socket")
    with ExitStack() as stack:
        try:
            sockets = passed or [_made(options, stack)]
        except OSError as error:
            step = _NEXT_STEPS.get(error.errno or 0, "name another place")
            raise ConfigError(f"cannot listen at {place_of(options)}: {said_by(error)}; {step}") from None
        for each in sockets:
            stack.callback(each.close)
            _warn(address_at(each))
        yield sockets


def said_by(error: OSError) -> str:
    """What the system says, without its number. A path that is too long for a socket is found by Python itself."""
    return error.strerror or str(error).replace("AF_UNIX path", "the path is") or type(error).__name__


def _made(options: argparse.Namespace, stack: ExitStack) -> socket.socket:
    if options.unix is not None:
        file = SocketFile(options.unix, MODES[options.unix_mode])
        stack.callback(file.remove)
        return file.socket
    address = address_of(place_of(options))
    if address.is_any and not options.allow_any_address:
        raise ConfigError(
            f"--listen {address}: this is every address of the machine; name one address, or add --allow-any-address"
        )
    return tcp_socket(*address)


def _warn(address: Address | None) -> None:
    if address is not None and not address.is_loopback:
        complain(
            f"vtaction serve: warning: other machines can reach {address}, and tokens and answers are not encrypted; "
            "put a proxy with TLS before it (docs/serve.md)"
        )


def place_of(options: argparse.Namespace) -> str:
    """The path of the socket file, or the address."""
    given = options.listen if options.unix is None else options.unix
    return DEFAULT_ADDRESS if given is None else str(given)
