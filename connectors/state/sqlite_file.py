"""One SQLite file used by many processes and threads at once."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import sqlite3
import threading
import time
from pathlib import Path
from typing import Callable, Literal, TypeVar

from .unavailable import StateUnavailable

_LOG = logging.getLogger("connectors.state")
Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]


_CREATING = threading.Lock()


def _create_private(path: Path) -> None:
    """Make an empty file of mode 0600 if there is none.

    Only a file that nobody can have open yet is opened here: closing any descriptor of a file drops all locks that
    this process holds on it, those of SQLite's connections in other threads too.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600))


class SqliteFile:
    """`read(work)` and `write(work)` run `work` with a connection; `write` in one immediate transaction.

    Both raise `StateUnavailable` when the file cannot be used. A damaged file is set aside as `*.bad-<epoch>` and
    made anew, with a warning; `made_anew` then runs within the new file. The file is 0600, its folder, if made
    here, 0700.
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
        self.path = path
        self._schema = schema
        self._journal = journal
        self._version = version
        self._patience_s = patience_s
        self._made_anew = made_anew
        self._local = threading.local()

    def read(self, work: Work[Result]) -> Result:
        return self._guarded(lambda connection: work(connection))

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

        return self._guarded(transaction)

    def _guarded(self, work: Work[Result]) -> Result:
        for last in (False, True):
            try:
                return self._patiently(lambda: work(self._connection()))
            except sqlite3.OperationalError as error:
                self.close()
                raise StateUnavailable(f"the state file {self.path} cannot be used ({error})") from error
            except OSError as error:
                raise StateUnavailable(f"the state file {self.path} cannot be used ({error})") from error
            except sqlite3.DatabaseError as error:
                if last:
                    raise StateUnavailable(f"the state file {self.path} is damaged ({error})") from error
                self._set_aside(error)
        raise AssertionError("unreachable")

    def _patiently(self, step: Callable[[], Result]) -> Result:
        """Run `step` until it is not locked out. SQLite's own busy handler starves waiters, so it is not used."""
        give_up = time.monotonic() + self._patience_s
        while True:
            try:
                return step()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > give_up:
                    raise
                # A lot drawn among waiters, not a secret.
                time.sleep(random.uniform(0.0005, 0.0045))  # noqa: S311

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection to the file that is at the path now: not a forked one, not a deleted file's."""
        known: tuple[int, int, sqlite3.Connection] | None = getattr(self._local, "open", None)
        if known is not None:
            pid, inode, connection = known
            if pid == os.getpid() and inode == self._inode():
                return connection
            self.close()
        connection = self._open()
        self._local.open = (os.getpid(), self._inode(), connection)
        return connection

    def _inode(self) -> int:
        try:
            return self.path.stat().st_ino
        except FileNotFoundError:
            return -1

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _CREATING:
            _create_private(self.path)
        connection = sqlite3.connect(str(self.path), timeout=0, isolation_level=None, check_same_thread=False)
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
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute(f"PRAGMA journal_mode={self._journal}")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA journal_size_limit=4194304")
        if found == 0:
            self._create(connection)

    def _create(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in filter(str.strip, self._schema.split(";")):
                    connection.execute(statement)
                if self._made_anew is not None and getattr(self._local, "was_damaged", False):
                    self._made_anew(connection)
                connection.execute(f"PRAGMA user_version={self._version}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._local.was_damaged = False

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        """Rename the damaged file, unless another process did already: then the one at the path is a new one."""
        known = getattr(self._local, "open", None)
        self.close()
        self._local.was_damaged = True
        if known is not None and known[1] != self._inode():
            return
        bad = self.path.with_name(f"{self.path.name}.bad-{int(time.time())}")
        _LOG.warning("the state file %s is damaged (%s); set aside as %s and made anew", self.path, error, bad.name)
        try:
            self.path.replace(bad)
            for suffix in ("-wal", "-shm", "-journal"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        except OSError as failure:
            raise StateUnavailable(
                f"the state file {self.path} is damaged and cannot be moved ({failure})"
            ) from failure

    def close(self) -> None:
        """Close this thread's connection (in the process that opened it; a forked copy is only forgotten)."""
        known = getattr(self._local, "open", None)
        self._local.open = None
        if known is not None and known[0] == os.getpid():
            known[2].close()
