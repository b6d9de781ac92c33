"""The listening sockets: an address, a socket file, or what systemd passes."""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import os
import socket
import stat
from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ...errors import ConfigError
from ...state.trust import refuse_untrusted_folder

_BACKLOG = 128
# The first socket that systemd passes.
_FIRST_PASSED = 3


class Address(NamedTuple):
    """`host`: an IP address."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def is_any(self) -> bool:
        """Whether it stands for all addresses of the machine."""
        return ipaddress.ip_address(self.host).is_unspecified

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_of(text: str) -> Address:
    """`127.0.0.1:8300`, `[::1]:8300` or `localhost:8300`. Raises `ConfigError`."""
    host, _, port = text.rpartition(":")
    try:
        if ":" in host and not (host.startswith("[") and host.endswith("]")):
            raise ValueError
        literal = "127.0.0.1" if host.lower() == "localhost" else host.strip("[]")
        number = int(port) if port.isascii() and port.isdigit() else -1
        if not 0 <= number <= 65535:
            raise ValueError
        return Address(str(ipaddress.ip_address(literal)), number)
    except ValueError:
        raise ConfigError(
            f"--listen {text!r} is not an IP address and a port, such as 127.0.0.1:8300 or [::1]:8300"
        ) from None


def tcp_socket(host: str, port: int) -> socket.socket:
    """A socket bound to the address. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((host, port))
    except (OSError, OverflowError):
        listening.close()
        raise
    return listening


class SocketFile:
    """A listening socket at a path. `mode`: of the file. A file that a server left there is replaced."""

    def __init__(self, path: str, mode: int) -> None:
        """Raises `OSError` and `ConfigError`, if the path is in use or not safe."""
        self._path = Path(path).absolute()
        refuse_untrusted_folder(str(self._path.parent), "--unix:")
        with _alone_in(self._path.parent):
            self._make_room()
            self.socket = _bound(self._path, mode)
            self._inode = self._path.lstat().st_ino

    def _make_room(self) -> None:
        """Remove a socket of this user that nobody listens on. Anything else is left alone."""
        try:
            found = self._path.lstat()
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(found.st_mode):
            raise ConfigError(f"--unix: {self._path} exists and is not a socket; name another path, or remove it")
        if found.st_uid != os.geteuid():
            raise ConfigError(f"--unix: the socket {self._path} belongs to another user; name another path")
        if _is_served(self._path):
            raise ConfigError(f"--unix: another process listens at {self._path}; stop it, or name another path")
        self._path.unlink()

    def remove(self) -> None:
        """Remove the file if it is still the one that was made here."""
        with contextlib.suppress(OSError), _alone_in(self._path.parent):
            if self._path.lstat().st_ino == self._inode:
                self._path.unlink()


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
        except BlockingIOError:  # its queue is full
            return True
    return True


def _bound(path: Path, mode: int) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o777 & ~mode)
    try:
        listening.bind(str(path))
        # From here on another process sees that it is in use.
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(mask)
    return listening


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Two servers that start at the same time must not remove each other's socket."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def passed_sockets(environment: MutableMapping[str, str], process: int) -> Sequence[socket.socket]:
    """The sockets that systemd passed to this process (`LISTEN_FDS`, `LISTEN_PID`: sd_listen_fds(3)).

    The variables are removed. Raises `ConfigError` for anything but listening stream sockets.
    """
    given = {name: environment.pop(name, "") for name in ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")}
    if not given["LISTEN_FDS"] or given["LISTEN_PID"] != str(process):
        return ()
    if not given["LISTEN_FDS"].isdigit():
        raise ConfigError(f"LISTEN_FDS is {given['LISTEN_FDS']!r}, which is not a number")
    return [_passed(_FIRST_PASSED + place) for place in range(int(given["LISTEN_FDS"]))]


def _passed(descriptor: int) -> socket.socket:
    try:
        os.set_inheritable(descriptor, False)
        found = socket.socket(fileno=descriptor)
        is_usable = found.type == socket.SOCK_STREAM and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise ConfigError(f"descriptor {descriptor} of LISTEN_FDS is not a socket: {error.strerror or error}") from None
    if not is_usable or found.family not in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        raise ConfigError(f"descriptor {descriptor} of LISTEN_FDS is not a listening stream socket (Accept=no)")
    return found


def address_at(listening: socket.socket) -> Address | None:
    """Where it listens; None for a socket file."""
    if listening.family == socket.AF_UNIX:
        return None
    host, port = listening.getsockname()[:2]
    return Address(host, port)


def hosts_of(listening: socket.socket, allowed: Sequence[str]) -> set[str]:
    """The values of the Host header that name this server. `allowed`: further names, with or without a port."""
    address = address_at(listening)
    if address is None:
        return {"localhost", *(name.lower() for name in allowed)}
    own = ("127.0.0.1", "localhost", "[::1]") if address.is_loopback or address.is_any else ()
    hosts = {str(address), *(f"{name}:{address.port}" for name in own)}
    for name in allowed:
        hosts |= {name.lower(), f"{name.lower()}:{address.port}"}
    return hosts


def shown(listening: socket.socket) -> str:
    """The address as clients need it."""
    address = address_at(listening)
    if address is not None:
        return f"http://{address}"
    path = listening.getsockname()
    return f"unix:{os.fsdecode(path)}"
