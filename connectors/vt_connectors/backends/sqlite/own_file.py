"""One SQLite file of ours: checked when it is opened, and made if it is missing or damaged."""

from __future__ import annotations

import os
import time

from ...light_typing import TYPE_CHECKING, Callable, Literal, Union
from ...quick_imports import suppress
from ...state import SIDECARS
from ...state.ownership import Unclear, drop_leftover_names, mark_sidecars, own_inode, put_mark, refuse_foreign
from ...state.trust import make_private_folder
from . import sqlite3

if TYPE_CHECKING:
    from pathlib import Path

Journal = Literal["WAL", "TRUNCATE"]
# The statements that make the tables, or a function that returns them.
Schema = Union[str, Callable[[], str]]
Fill = Callable[[sqlite3.Connection], None]
_SCHEMA_DAMAGE = ("no such column", "no such table", "values were supplied")


class OwnFile:
    """`path` is a real path, without links. `was_there`: a file existed before, so a new one has lost its content."""

    def __init__(
        self, path: str, schema: Schema, journal: Journal, application_id: int, version: int, patience_s: float
    ) -> None:
        self._place = path
        self.was_there = False
        self._given_schema = schema
        self._journal = journal
        self._application_id = application_id
        self._version = version
        self._patience_s = patience_s

    @property
    def _schema(self) -> str:
        return self._given_schema if isinstance(self._given_schema, str) else self._given_schema()

    @property
    def path(self) -> Path:
        from pathlib import Path

        return Path(self._place)

    def inode(self, *, knew: bool) -> int:
        """See `ownership.own_inode`."""

        def look() -> int:
            return own_inode(self._place, self._application_id, self._is_earlier, knew=knew)

        try:
            return look()
        except Unclear:
            from ...state.atomic_replace import alone_in

            with alone_in(self.path.parent, self._patience_s):
                with suppress(OSError):
                    drop_leftover_names(self.path)
                return look()

    def _is_earlier(self, page: bytes) -> bool:
        from .earlier_files import is_of_earlier_version

        return is_of_earlier_version(page, self._schema, self._version)

    def open(self) -> sqlite3.Connection:
        """Raises `sqlite3.Error`; `DatabaseError` itself if the file is damaged, `ConfigError` if it is not ours."""
        # Only SQLite opens the file, because any other close of it would release this process's locks.
        uri = _uri_of(self._place) + "?mode=rw"
        connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        application_id = connection.execute("PRAGMA application_id").fetchone()[0]
        if application_id != self._application_id:
            self._claim(connection, application_id, version)
        elif version > self._version:
            raise sqlite3.OperationalError(f"it was made by a newer version: {version}, this one knows {self._version}")
        elif version != self._version:
            raise sqlite3.DatabaseError("its version is not one of ours")
        connection.execute(f"PRAGMA journal_mode={self._journal}")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA journal_size_limit=4194304")
        mark_sidecars(self._place, self._application_id)

    def _claim(self, connection: sqlite3.Connection, application_id: int, version: int) -> None:
        """Handle a file of ours without our application id: an earlier version's gets it, a damaged one is an error.

        If another program's database was written to it, it is a foreign file.
        """
        from .earlier_files import has_tables

        if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
            raise sqlite3.DatabaseError("it is empty")
        if not has_tables(connection, self._schema):
            refuse_foreign(str(self.path), application_id)
        if application_id or version != self._version:
            raise sqlite3.DatabaseError("its application id is not ours")
        with suppress(sqlite3.OperationalError):
            # If it cannot be written now, a later call does it; until then its tables identify it.
            connection.execute(f"PRAGMA application_id={self._application_id}")

    def had_one(self) -> bool:
        """Whether a file existed before; also if a process was killed after it had renamed that file."""
        if self.was_there:
            return True
        import glob

        return any(self.path.parent.glob(f"{glob.escape(self.path.name)}.bad-*"))

    def make(self, instead_of: int, fill: Fill | None) -> Path | None:
        """Make the file, in place of `instead_of` (an inode number; -1: none), and let `fill` write to it.

        Returns the new name of the old file; None if another file is at the path. Raises `OSError` and `sqlite3.Error`.
        """
        from ...state.atomic_replace import place

        make_private_folder(self.path.parent)
        fresh = self.path.with_name(f".{self.path.name}.{os.urandom(8).hex()}")
        bad = self.path.with_name(f"{self.path.name}.bad-{int(time.time())}-{os.urandom(4).hex()}")
        try:
            descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            # Independent of the umask.
            fresh.chmod(0o600)
            put_mark(descriptor, self._application_id)
            os.close(descriptor)
            self._fill(fresh, fill)
            return bad if place(fresh, self.path, instead_of, bad, self._patience_s) else None
        finally:
            for suffix in ("", *SIDECARS):
                fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)

    def _fill(self, fresh: Path, fill: Fill | None) -> None:
        import contextlib

        with contextlib.closing(sqlite3.connect(str(fresh), isolation_level=None)) as connection:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute(f"PRAGMA journal_mode={self._journal}")
            connection.execute("BEGIN IMMEDIATE")
            for statement in filter(str.strip, self._schema.split(";")):
                connection.execute(statement)
            if fill is not None:
                fill(connection)
            connection.execute(f"PRAGMA application_id={self._application_id}")
            connection.execute(f"PRAGMA user_version={self._version}")
            connection.execute("COMMIT")


def _uri_of(path: str) -> str:
    if os.name == "posix" and path.isascii() and path.startswith("/") and not path.startswith("//"):
        # As `pathlib` writes it, which takes long to import, for the characters that have a meaning in a URI.
        return "file://" + path.replace("%", "%25").replace("?", "%3F").replace("#", "%23")
    from pathlib import Path

    return Path(path).absolute().as_uri()


def is_damage(error: Exception) -> bool:
    """SQLite reports damage with exactly this class, or the text is not UTF-8; subclasses are other errors.

    A missing table or column is damage too, because a file of our version has our tables.
    """
    text = str(error)
    is_reported = type(error) in (sqlite3.DatabaseError, UnicodeDecodeError) or "decode to UTF-8" in text
    return is_reported or any(part in text for part in _SCHEMA_DAMAGE)
