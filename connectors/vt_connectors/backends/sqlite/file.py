"""One SQLite file that many processes and threads use at once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection

from ...light_typing import TYPE_CHECKING, Callable, TypeVar
from ...log import logger
from ...quick_imports import suppress
from ...state import inode
from ...state.fallback import StateBusy, StateUnavailable
from ...state.ownership import CACHE_ID
from ...threads import ThreadResource, close_all
from . import sqlite3
from .fork_guard import CROSSING, ThreadConnection
from .own_file import Journal, OwnFile, Schema, is_damage

if TYPE_CHECKING:
    from pathlib import Path


_LOG = logger("state")
Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]
# How long to wait for a lock if another caller has just waited for it in full.
_LOCKED_S = 0.1
_SETTLING_TRIES, _SETTLING_PAUSE_S = 50, 0.01


class SqliteFile:
    """`read(work)` and `write(work)` run `work` with a connection; `write` in one immediate transaction.

    All raise `StateUnavailable` if the file cannot be used. They raise `ConfigError`, and leave the file unchanged, if
    nothing shows that it is ours, or if another user can change it. A damaged file of ours is renamed to
    `*.bad-<epoch>-<hex>` and made again, with a warning; then `made_anew` runs in the new file, also if the file was
    deleted during use, or if `was_there` is set and there is no file. The file has mode 0600, a new folder 0700.
    """

    def __init__(
        self,
        path: str | Path,
        schema: Schema,
        journal: Journal,
        *,
        application_id: int = CACHE_ID,
        version: int = 1,
        patience_s: float = 5.0,
        made_anew: Work[None] | None = None,
        was_there: bool = False,
    ) -> None:
        # If the path is a link, the file is made again at its target.
        self._place = os.path.realpath(path)
        self._own = OwnFile(self._place, schema, journal, application_id, version, patience_s)
        self._own.was_there = was_there
        self._patience_s = patience_s
        self._made_anew = made_anew
        # Whether the last wait for a lock failed.
        self._is_locked = False
        self._local = threading.local()
        self._opened: set[ThreadResource] = set()
        self._turns = (os.getpid(), threading.Lock())
        CROSSING.files.add(self)

    @property
    def path(self) -> Path:
        """The real path, without links."""
        return self._own.path

    @property
    def place(self) -> str:
        """The same as text."""
        return self._place

    def check(self) -> None:
        """Raises `ConfigError` for a file that must not be used; changes nothing."""
        with suppress(OSError):
            self._own.inode(knew=False)

    @property
    def inode(self) -> int:
        """The inode number of the file that this thread uses; -1 for none."""
        known = self._known()
        return -1 if known is None else known.inode

    @property
    def was_never_there(self) -> bool:
        """Whether there certainly is no file, and no damaged file was renamed."""
        try:
            return inode(self._place) == -1 and not self._own.had_one()
        except NotADirectoryError:
            return True
        except OSError:
            return False

    def read(self, work: Work[Result]) -> Result:
        return self._guarded(work)

    def write(self, work: Work[Result]) -> Result:
        def transaction(connection: sqlite3.Connection) -> Result:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                self._patiently(lambda: connection.execute("COMMIT"))
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

        # One thread of a process at a time, because many threads that retry would waste CPU time.
        with self._turn():
            return self._guarded(transaction)

    def execute_if_free(self, statement: str, values: Collection[object]) -> None:
        """`execute` a statement that may be skipped: it is, if it would have to wait or fails."""
        turn = self._turn()
        if turn.acquire(blocking=False):
            try:
                with CROSSING:
                    self._connection().execute(statement, tuple(values))
            except (sqlite3.Error, OSError):
                _LOG.debug("a change of %s was skipped", self.path, exc_info=True)
            finally:
                turn.release()

    def execute(self, statement: str, values: Collection[object]) -> int:
        """`write` with one statement. Returns how many rows it changed."""
        with self._turn():
            return self._guarded(lambda connection: connection.execute(statement, tuple(values)).rowcount)

    def settle(self) -> None:
        """Move changes from the write-ahead log to the file, if readers allow it, for copies of the file."""
        for _ in range(_SETTLING_TRIES):
            busy, written, settled = self.read(lambda db: db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone())
            if not busy and written == settled:
                return
            time.sleep(_SETTLING_PAUSE_S)

    def _turn(self) -> threading.Lock:
        """The lock of this process. After a fork it is a new one, because the old one may have been held."""
        pid, lock = self._turns
        if pid != os.getpid():
            lock = threading.Lock()
            self._turns = (os.getpid(), lock)
        return lock

    def _guarded(self, work: Work[Result]) -> Result:
        for last in (False, True):
            try:
                return self._patiently(lambda: work(self._connection()))
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                if last or not is_damage(error):
                    self.close()
                    kind = StateBusy if "locked" in str(error) else StateUnavailable
                    raise kind(f"the state file {self.path} cannot be used ({error})") from error
                self._set_aside(error)
            except OSError as error:
                raise StateUnavailable(f"the state file {self.path} cannot be used ({error})") from error
        raise AssertionError("unreachable")

    def _patiently(self, step: Callable[[], Result]) -> Result:
        """Repeat `step` while the file is locked. SQLite's own busy handler starves waiters, so it is not used.

        If another caller has just waited in full, this one fails soon.
        """
        give_up = 0.0
        while True:
            try:
                with CROSSING:
                    result = step()
                self._is_locked = False
                return result
            except sqlite3.OperationalError as error:
                give_up = give_up or time.monotonic() + (_LOCKED_S if self._is_locked else self._patience_s)
                if "locked" not in str(error):
                    raise
                if time.monotonic() > give_up:
                    self._is_locked = True
                    raise
                import random

                # Random so that waiters do not collide, not for security.
                time.sleep(random.uniform(0.0005, 0.0045))  # noqa: S311

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection to the file that is at the path now; not a forked or a deleted file's connection."""
        known = self._known()
        if known is not None:
            if known.inode == inode(self._place) and known.is_ours:
                return known.connection
            self.close()
        try:
            return self._open(knew=known is not None)
        except sqlite3.OperationalError:
            if inode(self._place) == getattr(self._local, "opening", -1):
                raise
        # Between the check and the opening, another process has begun to replace a damaged file.
        return self._open(knew=True)

    def _open(self, *, knew: bool) -> sqlite3.Connection:
        found = self._own.inode(knew=knew)
        if found == -1:
            was_lost = knew or self._own.had_one()
            self._own.make(-1, self._made_anew if was_lost else None)
            found = self._own.inode(knew=True)
        self._local.opening = found
        opened = ThreadConnection(self._own.open(), found, self._opened)
        self._local.open = opened
        return opened.connection

    def _known(self) -> ThreadConnection | None:
        return getattr(self._local, "open", None)

    def _set_aside(self, error: Exception) -> None:
        """Rename the damaged file and make a new one, unless another process has done so."""
        damaged = getattr(self._local, "opening", -1)
        self.close()
        try:
            with CROSSING:
                bad = self._own.make(damaged, self._made_anew)
        except (OSError, sqlite3.Error) as failure:
            raise StateUnavailable(
                f"the state file {self.path} is damaged ({error}) and cannot be made again ({failure})"
            ) from failure
        if bad is not None:
            _LOG.warning(
                "the state file %s is damaged (%s); it was renamed to %s and made again", self.path, error, bad.name
            )

    def close(self) -> None:
        """Close this thread's connection (only in the process that opened it)."""
        known = self._known()
        self._local.open = None
        if known is not None:
            known.close()

    def close_all(self) -> None:
        """Close the connections of all threads, and wait for those that end just now.

        No thread may be using one. A later call opens a new one.
        """
        close_all(self._opened)
        self._local = threading.local()
