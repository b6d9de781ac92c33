"""One SQLite file used by many processes and threads at once."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Collection
from pathlib import Path
from typing import Callable, Literal, TypeVar

from .forking import CROSSING
from .opened import Opened
from .placing import SIDECARS, inode, place
from .unavailable import StateBusy, StateUnavailable

_LOG = logging.getLogger("connectors.state")
Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]
_SCHEMA_HIT = ("no such column", "no such table", "values were supplied")


class SqliteFile:
    """`read(work)` and `write(work)` run `work` with a connection; `write` in one immediate transaction.

    All raise `StateUnavailable` when the file cannot be used. A damaged file is set aside as `*.bad-<epoch>` and
    made anew, with a warning; `made_anew` then runs within the new file, as it does when the file went away during
    use. The file is 0600, its folder, if made here, 0700.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        journal: Literal["WAL", "TRUNCATE"],
        *,
        version: int = 1,
        patience_s: float = 5.0,
        made_anew: Work[None] | None = None,
    ) -> None:
        # Where a link points to is where the file is made anew.
        self._place = os.path.realpath(path)
        self.path = Path(self._place)
        self._schema = schema
        self._journal = journal
        self._version = version
        self._patience_s = patience_s
        self._made_anew = made_anew
        self._local = threading.local()
        self._opened: weakref.WeakSet[Opened] = weakref.WeakSet()
        self._turns = (os.getpid(), threading.Lock())
        CROSSING.files.add(self)

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

    def execute(self, statement: str, values: Collection[object]) -> int:
        """`write` for one statement, which is a transaction of its own: how many rows it changed."""
        with self._turn():
            return self._guarded(lambda connection: connection.execute(statement, tuple(values)).rowcount)

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
        """Run `step` until it is not locked out. SQLite's own busy handler starves waiters, so it is not used."""
        give_up = 0.0
        while True:
            try:
                with CROSSING:
                    return step()
            except sqlite3.OperationalError as error:
                give_up = give_up or time.monotonic() + self._patience_s
                if "locked" not in str(error) or time.monotonic() > give_up:
                    raise
                # A lot drawn among waiters, not a secret.
                time.sleep(random.uniform(0.0005, 0.0045))  # noqa: S311

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection to the file that is at the path now: not a forked one, not a deleted file's."""
        known, found = self._known(), inode(self._place)
        if known is not None:
            if known.inode == found and known.is_ours:
                return known.connection
            self.close()
        if found == -1:
            self._make(-1, was_lost=known is not None)
            found = inode(self._place)
        opened = Opened(self._open(found), found, os.getpid())
        self._local.open = opened
        self._opened.add(opened)
        return opened.connection

    def _known(self) -> Opened | None:
        return getattr(self._local, "open", None)

    def _open(self, found: int) -> sqlite3.Connection:
        self._local.opening = found
        # Only SQLite opens the file: whoever else closes it ends the locks that this process has on it.
        uri = self.path.absolute().as_uri() + "?mode=rw"
        connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > self._version:
            raise sqlite3.OperationalError(f"it was made by a newer version: {found}, this one knows {self._version}")
        if found == 0:
            if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
                raise sqlite3.DatabaseError("it is empty")
            raise sqlite3.OperationalError("it belongs to another program")
        connection.execute(f"PRAGMA journal_mode={self._journal}")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA journal_size_limit=4194304")

    def _make(self, instead_of: int, *, was_lost: bool) -> Path | None:
        """Make the file anew in place of the one `instead_of`; that one's new name, or None if it is gone already."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_name(f".{self.path.name}.{os.urandom(8).hex()}")
        bad = self.path.with_name(f"{self.path.name}.bad-{int(time.time())}")
        try:
            os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            self._fill(fresh, was_lost)
            return bad if place(fresh, self.path, instead_of, bad, self._patience_s) else None
        finally:
            for suffix in ("", *SIDECARS):
                fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)

    def _fill(self, fresh: Path, was_lost: bool) -> None:
        with contextlib.closing(sqlite3.connect(str(fresh), isolation_level=None)) as connection:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute(f"PRAGMA journal_mode={self._journal}")
            connection.execute("BEGIN IMMEDIATE")
            for statement in filter(str.strip, self._schema.split(";")):
                connection.execute(statement)
            if was_lost and self._made_anew is not None:
                self._made_anew(connection)
            connection.execute(f"PRAGMA user_version={self._version}")
            connection.execute("COMMIT")

    def _set_aside(self, error: Exception) -> None:
        """Make the damaged file anew, unless another process has done so already."""
        damaged = getattr(self._local, "opening", -1)
        self.close()
        try:
            with CROSSING:
                bad = self._make(damaged, was_lost=True)
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
