"""A log file that many processes write to at once: no line is torn or lost, and it stays bounded."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# With those set aside: 25 MB at most.
MOST_BYTES, SET_ASIDE = 5_000_000, 4
# Where it cannot be set aside, it grows no further than so many times its size.
_MOST_TIMES = 2
_LOOK_S = 0.002
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT
# A named pipe in its place is an error, and nothing to wait for.
for _name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"):
    _FLAGS |= getattr(os, _name, 0)


class LogFile:
    """`append(line)`. Full, the file becomes `.1`, that one `.2` and so on; the oldest goes.

    It is opened for each line: one write to a file opened for appending is whole, whoever writes beside us, and if
    the file is set aside in between, the line stands in the one set aside.
    """

    def __init__(
        self, path: Path, most_bytes: int = MOST_BYTES, set_aside: int = SET_ASIDE, patience_s: float = 1.0
    ) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._set_aside = set_aside
        self._patience_s = patience_s

    def append(self, line: bytes) -> None:
        """`line` without its end. Raises `OSError`, also where the file cannot be set aside for too long."""
        give_up = time.monotonic() + self._patience_s
        while not self._is_written(line + b"\n"):
            if time.monotonic() > give_up:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            time.sleep(_LOOK_S)

    def _is_written(self, line: bytes) -> bool:
        """Not where somebody else has to set the file aside first."""
        descriptor = os.open(self._path, _FLAGS, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            is_full = size > 0 and size + len(line) > self._most_bytes
            if is_full and self._is_set_aside(descriptor):
                return self._is_written(line)
            if is_full and size > self._most_bytes * _MOST_TIMES:
                return False
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return True
        finally:
            os.close(descriptor)

    def _is_set_aside(self, descriptor: int) -> bool:
        """Set the open file aside, unless somebody else does so, or has done so. Whether it was done here."""
        if fcntl is None:
            return False
        try:
            # The lock is the file's own, and goes with the process that dies.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(descriptor), self._path.stat()):
                return False
            places = range(1, self._set_aside)
            free = next((number for number in places if not self._numbered(number).exists()), self._set_aside)
            for number in range(free - 1, 0, -1):
                self._numbered(number).replace(self._numbered(number + 1))
            self._path.replace(self._numbered(1))
        except OSError:
            return False
        return True

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
