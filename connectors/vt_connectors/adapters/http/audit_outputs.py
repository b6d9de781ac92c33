"""Where the audit log is written to: stderr, a file, or syslog. A write never waits long for a reader."""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
from pathlib import Path
from typing import Protocol

from ...errors import ConfigError
from ...state.trust import refuse_untrusted
from ..process.stderr_lines import StderrLines

_MODE = 0o600
_ABOUT = "the audit log"
_LINE_END = ord("\n")
_SYSLOG = "/dev/log"
# Facility authpriv, severity informational: RFC 5424, section 6.2.1. Its lines are for admins only.
_PRIORITY = 10 * 8 + 6


class AuditOutput(Protocol):
    def write(self, line: bytes) -> None:
        """Write one line, which ends with a line feed. Raises `OSError` if it is lost. Safe for many threads."""

    @property
    def is_ready(self) -> bool:
        """Whether a short line can be written now without waiting for a reader or another thread."""

    def reopen(self) -> None:
        """Continue in a new file if the file was renamed. Raises `OSError` or `ConfigError`."""


class StderrOutput(StderrLines):
    """A line is lost if stderr is not read."""

    def reopen(self) -> None:
        """Nothing to do."""


class FileOutput:
    """Appends to a file, which is made with mode 0600. A link is refused, because it could lead to another file."""

    def __init__(self, path: Path) -> None:
        """Raises `ConfigError`."""
        self._path = path.absolute()
        self._lock = threading.Lock()
        try:
            self._descriptor = _opened(self._path)
        except OSError as error:
            raise ConfigError(f"{_ABOUT} {path} cannot be written: {error.strerror}; name another file") from None
        self._is_torn = _ends_within_a_line(self._path)

    @property
    def is_ready(self) -> bool:
        return not self._is_torn

    def write(self, line: bytes) -> None:
        # One append is never mixed with another, so no lock is needed, for which all threads would wait.
        written = 0 if self._is_torn else os.write(self._descriptor, line)
        if written < len(line):
            self._write_rest(line, written)

    def _write_rest(self, line: bytes, written: int) -> None:
        """Less than all of a line, or of an earlier one, was written, because the disk is full."""
        with self._lock:
            if written:
                self._is_torn = True
            # The file may have been opened again meanwhile.
            whole = b"\n" + line if self._is_torn else line
            left = memoryview(line[written:] if written else whole)
            while left:
                written = os.write(self._descriptor, left)
                self._is_torn = left[written - 1] != _LINE_END
                left = left[written:]

    def reopen(self) -> None:
        fresh = _opened(self._path)
        with self._lock:
            # Looked at before other threads write to it: in the middle of a write, it ends within a line.
            is_torn = _ends_within_a_line(self._path)
            # Under the same number: a thread that writes now must not meet a closed one, or another file's.
            os.dup2(fresh, self._descriptor, inheritable=False)
            os.close(fresh)
            self._is_torn = is_torn


class SyslogOutput:
    """Sends to the system's log. A line is lost if the log is not read."""

    def __init__(self, address: str = _SYSLOG) -> None:
        """Raises `ConfigError`."""
        self._address = address
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        try:
            self._socket = _connected(address)
        except (OSError, AttributeError):
            raise ConfigError(f"there is no syslog at {address}; use --audit FILE instead") from None

    @property
    def is_ready(self) -> bool:
        return not self._lock.locked()

    def write(self, line: bytes) -> None:
        with self._lock:
            try:
                self._socket = self._socket or _connected(self._address)
                head = f"<{_PRIORITY}>{time.strftime('%b %e %H:%M:%S')} vtaction[{os.getpid()}]: "
                self._socket.send(head.encode("ascii") + line.rstrip(b"\n"))
            except OSError:
                self.reopen()
                raise

    def reopen(self) -> None:
        """Connect again at the next line, because a restarted log has a new socket."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None


def _opened(path: Path) -> int:
    """Raises `OSError` or `ConfigError`."""
    refuse_untrusted(path, _ABOUT)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    # Without blocking, because it may be a pipe without a reader.
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), _MODE)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ConfigError(f"{_ABOUT} {path} is not a regular file; name another file")
    return descriptor


def _ends_within_a_line(path: Path) -> bool:
    """Whether the last line was not written to its end, perhaps by an earlier server."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
        try:
            size = os.fstat(descriptor).st_size
            return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        finally:
            os.close(descriptor)
    except OSError:  # it may be written only
        return False


def _connected(address: str) -> socket.socket:
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        connected.setblocking(False)
        connected.connect(address)
    except OSError:
        connected.close()
        raise
    return connected
