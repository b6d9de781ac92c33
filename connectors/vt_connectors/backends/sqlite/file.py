"""One SQLite file used by many processes and threads at once."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Collection
from pathlib import Path
from typing import Callable, TypeVar

from ...log import logger
from ...state.atomic_replace import inode
from ...state.fallback import StateBusy, StateUnavailable
from ...state.ownership import CACHE_ID
from .connection import ThreadConnection
from .fork_guard import CROSSING
from .own_file import Journal, OwnFile

_LOG = logger("state")
Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]
# How long a lock is waited for that has outlasted the patience already.
_LOCKED_S = 0.1
_SETTLING_TRIES, _SETTLING_PAUSE_S = 50, 0.01
_SCHEMA_HIT = ("no such column", "no such table", "values were supplied")


class SqliteFile:
    """`read(work)` and `write(work)` run `work` with a connection; `write` in one immediate transaction.

    All raise `StateUnavailable` if the file cannot be used, and `ConfigError` if nothing shows that it is ours, or if
    another user can change it: then it stays as it is. A damaged file of ours is set aside as `*.bad-<epoch>-<hex>` and
    made anew, with a warning; `made_anew` then runs within the new file, as it does if the file went away during use
    or `was_there` says that there was one. The file is 0600, its folder, if made here, 0700.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        journal: Journal,
        *,
        application_id: int = CACHE_ID,
        version: int = 1,
        patience_s: float = 5.0,
        made_anew: Work[None] | None = None,
        was_there: bool = False,
    ) -> None:
        # Where a link points to is where the file is made anew.
        self._place = os.path.realpath(path)
        self.path = Path(self._place)
        self._own = OwnFile(self.path, schema, journal, application_id, version, patience_s)
        self._own.was_there = was_there
        self._patience_s = patience_s
        self._made_anew = made_anew
        # Whether a lock has outlasted the patience, and no step got through since.
        self._is_locked = False
        self._local = threading.local()
        self._opened: weakref.WeakSet[ThreadConnection] = weakref.WeakSet()
        self._turns = (os.getpid(), threading.Lock())
        CROSSING.files.add(self)

    def check(self) -> None:
        """Raises `ConfigError` for a file that is not to be used; changes nothing."""
        with contextlib.suppress(OSError):
            self._own.inode(knew=False)

    @property
    def inode(self) -> int:
        """Of the file that this thread uses; -1 for none."""
        known = self._known()
        return -1 if known is None else known.inode

    @property
    def was_never_there(self) -> bool:
        """Whether it can be seen that no file is there, and that none was set aside."""
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

        # One thread of a process at a time: many that try again and again keep each other, and the machine, busy.
        with self._turn():
            return self._guarded(transaction)

    def execute_if_free(self, statement: str, values: Collection[object]) -> None:
        """`execute` what can be left undone: nothing, if that would have to wait or cannot be done."""
        turn = self._turn()
        if turn.acquire(blocking=False):
            try:
                with CROSSING:
                    self._connection().execute(statement, tuple(values))
            except (sqlite3.Error, OSError):
                _LOG.debug("a change of %s is left undone", self.path, exc_info=True)
            finally:
                turn.release()

    def execute(self, statement: str, values: Collection[object]) -> int:
        """`write` for one statement, which is a transaction of its own: how many rows it changed."""
        with self._turn():
            return self._guarded(lambda connection: connection.execute(statement, tuple(values)).rowcount)

    def settle(self) -> None:
        """Bring what was written into the file itself, as far as readers let it: a copy of the file has it then."""
        for _ in range(_SETTLING_TRIES):
            busy, written, settled = self.read(lambda db: db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone())
            if not busy and written == settled:
                return
            time.sleep(_SETTLING_PAUSE_S)

    def _turn(self) -> threading.Lock:
        """This process's lock; a forked one's may have been held at the fork, so it takes a new one."""
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
                if last or not _is_damage(error):
                    self.close()
                    kind = StateBusy if "locked" in str(error) else StateUnavailable
                    raise kind(f"the state file {self.path} cannot be used ({error})") from error
                self._set_aside(error)
            except OSError as error:
                raise StateUnavailable(f"the state file {self.path} cannot be used ({error})") from error
        raise AssertionError("unreachable")

    def _patiently(self, step: Callable[[], Result]) -> Result:
        """Run `step` until it is not locked out. SQLite's own busy handler starves waiters, so it is not used.

        If the lock has just outlasted the patience of one caller, the others are told soon.
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
                # A lot drawn among waiters, not a secret.
                time.sleep(random.uniform(0.0005, 0.0045))  # noqa: S311

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection to the file that is at the path now: not a forked one, not a deleted file's."""
        known = self._known()
        if known is not None:
            if known.inode == inode(self._place) and known.is_ours:
                return known.connection
            self.close()
        found = self._own.inode(knew=known is not None)
        if found == -1:
            was_lost = known is not None or self._own.had_one()
            self._own.make(-1, self._made_anew if was_lost else None)
            found = self._own.inode(knew=True)
        self._local.opening = found
        opened = ThreadConnection(self._own.open(), found, os.getpid())
        self._local.open = opened
        self._opened.add(opened)
        return opened.connection

    def _known(self) -> ThreadConnection | None:
        return getattr(self._local, "open", None)

    def _set_aside(self, error: Exception) -> None:
        """Make the damaged file anew, unless another process has done so already."""
        damaged = getattr(self._local, "opening", -1)
        self.close()
        try:
            with CROSSING:
                bad = self._own.make(damaged, self._made_anew)
        except (OSError, sqlite3.Error) as failure:
            raise StateUnavailable(
                f"the state file {self.path} is damaged ({error}) and cannot be made anew ({failure})"
            ) from failure
        if bad is not None:
            _LOG.warning("the state file %s is damaged (%s); set aside as %s and made anew", self.path, error, bad.name)

    def close(self) -> None:
        """Close this thread's connection (in the process that opened it; a forked copy is only put away)."""
        known = self._known()
        self._local.open = None
        if known is not None:
            known.close()
            self._opened.discard(known)

    def close_all(self) -> None:
        """Close every thread's connection, while no thread uses any. Whoever comes later opens one anew."""
        for opened in list(self._opened):
            opened.close()
        self._opened.clear()
        self._local = threading.local()


def _is_damage(error: Exception) -> bool:
    """SQLite tells it by this very class, or by text that is none; the subclasses are troubles with the file's use.

    Except where the words of the schema were hit: a file of our version has our tables.
    """
    text = str(error)
    is_told = type(error) in (sqlite3.DatabaseError, UnicodeDecodeError) or "decode to UTF-8" in text
    return is_told or any(words in text for words in _SCHEMA_HIT)
