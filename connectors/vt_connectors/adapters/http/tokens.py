"""The callers of the server by their tokens, from the tokens file, which is read again when it changes."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Sequence
from pathlib import Path

from ...clock import Clock
from ...errors import ConfigError
from ...log import logger
from .callers import Caller
from .token_file import Entry, digest_of, read_tokens

_LOG = logger("serve")
_LOOK_EVERY_S = 1.0
_LONGEST_TOKEN = 1024

# Changes with each change of the file, also of its mode.
_Stamp = tuple[int, int, int, int]


class FileTokens:
    """`Tokens` from a file. Safe for many threads.

    The file is looked at once a second at most. If it cannot be used, the last tokens stay valid; `problem` says why.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Raises `ConfigError`, and `FileNotFoundError` if there is no file."""
        self._path = path
        self._clock = clock
        self._stamp = _stamp(path)
        self._entries: Sequence[Entry] = read_tokens(path)
        self._looked_at = clock.monotonic()
        self._lock = threading.Lock()
        self._problem: str | None = None

    @property
    def problem(self) -> str | None:
        """Why the file cannot be used now; None if the known tokens are those of the file."""
        self._look()
        return self._problem

    @property
    def callers(self) -> tuple[Caller, ...]:
        """The clients that have a token."""
        self._look()
        return tuple(entry.caller for entry in self._entries)

    def find(self, token: str) -> Caller | None:
        """The caller with this token; None if there is none. Takes as long for every token."""
        if len(token) > _LONGEST_TOKEN:
            return None
        self._look()
        digest, found = digest_of(token), None
        for entry in self._entries:
            if hmac.compare_digest(entry.digest, digest):
                found = entry.caller
        return found

    def reload(self) -> None:
        """Read the file again. Never raises."""
        with self._lock:
            self._read()

    def _look(self) -> None:
        if self._clock.monotonic() - self._looked_at < _LOOK_EVERY_S or not self._lock.acquire(blocking=False):
            return
        try:
            # A problem may end without a change of the file, for example with the mode of its folder.
            if self._problem is not None or _stamp(self._path) != self._stamp:
                self._read()
        finally:
            self._looked_at = self._clock.monotonic()
            self._lock.release()

    def _read(self) -> None:
        self._looked_at = self._clock.monotonic()
        # Before the file is read, so that a change meanwhile is seen the next time.
        stamp = _stamp(self._path)
        try:
            self._entries = read_tokens(self._path)
        except FileNotFoundError:
            self._fail(f"the tokens file {self._path} is missing; restore it, or restart the server to make one")
        except ConfigError as error:
            self._fail(error.message)
        else:
            self._stamp = stamp
            self._problem = None

    def _fail(self, problem: str) -> None:
        if problem != self._problem:
            _LOG.error("%s; the %d tokens that were read before stay valid", problem, len(self._entries))
        self._problem = problem


def _stamp(path: Path) -> _Stamp | None:
    """None if there is no file, or if it cannot be accessed."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size
