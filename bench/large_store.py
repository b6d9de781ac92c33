"""The costs of a million answers: the time to read one, and its size on disk."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from pathlib import Path
from typing import Callable

from bench.cached import report
from bench.figures import Figure
from bench.harness import hashes, seconds
from vt_connectors.backends.sqlite.answers import SCHEMA, SqliteAnswers, row_content
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.cache import Entry
from vt_connectors.clock import SystemClock

_FEW, _MANY = 1000, 1_000_000
_READS = 1000


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        small, _ = _filled(path / "small.db", _FEW)
        large, room = _filled(path / "large.db", _MANY)
        few, many = seconds(small), seconds(large)
    times = f"{many / _READS * 1e6:.0f} us", f"{few / _READS * 1e6:.0f} us"
    return [
        Figure(f"a read among {_MANY:,} answers, beside {_FEW:,}", *times, many / few, "at most", 2.0),
        Figure(
            "room for an answer on disk, beside 700 bytes", f"{room:.0f} bytes", "700 bytes", room / 700, "at most", 1.0
        ),
    ]


def _filled(path: Path, count: int) -> tuple[Callable[[], None], float]:
    """A function that reads some of `count` answers, and the bytes per answer."""
    clock = SystemClock()
    store = SqliteAnswers(SqliteFile(path, SCHEMA, "WAL"), clock, 10**12)
    values = hashes(count)
    now = clock.now()
    store.put(f"v3:hash:{values[0]}", Entry("ok", report(values[0]), now))
    with sqlite3.connect(path) as db:
        entries = ((f"v3:hash:{value}", Entry("ok", report(value), now)) for value in values)
        rows = ((key, row_content(key, entry), "ok", now, now) for key, entry in entries)
        db.executemany("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)", rows)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    wanted = [f"v3:hash:{value}" for value in random.Random(1).sample(values, _READS)]

    def read() -> None:
        for key in wanted:
            assert store.get(key) is not None

    return read, path.stat().st_size / count
