"""A log file for many processes at once: no line is torn or lost, and its size is bounded."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# With the rotated files, 25 MB at most.
MOST_BYTES, SET_ASIDE = 5_000_000, 4
# If the file cannot be rotated, it grows to at most this many times its size.
_MOST_TIMES = 2
_LOOK_S = 0.002
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT
# A named pipe in its place is an error, and does not block.
for _name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"):
    _FLAGS |= getattr(os, _name, 0)


class LogFile:
    """`append(line)`. A full file is renamed to `.1`, that one to `.2` and so on; the oldest is deleted.

    The file is opened for each line: a single write in append mode is atomic, and if the file is rotated in between,
    the line is in the rotated file.
    """

    def __init__(
        self, path: Path, most_bytes: int = MOST_BYTES, set_aside: int = SET_ASIDE, patience_s: float = 1.0
    ) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._set_aside = set_aside
        self._patience_s = patience_s

    def append(self, line: bytes) -> None:
        """`line` without its end. Raises `OSError`, also if the file cannot be rotated for too long."""
        give_up = time.monotonic() + self._patience_s
        while not self._is_written(line + b"\n"):
            if time.monotonic() > give_up:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            time.sleep(_LOOK_S)

    def _is_written(self, line: bytes) -> bool:
        """False if another process must rotate the file first."""
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
        """Rotate the open file, unless another process does or did so. Returns whether it was done here."""
        if fcntl is None:
            return False
        try:
            # The lock belongs to the open file, so it ends with the process.
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
