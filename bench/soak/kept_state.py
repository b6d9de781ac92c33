"""The content of a state after a drill, read row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tests.redis_process import RedisProcess
from vt_connectors.backends.redis.server import LEDGERS, PENDING, PREFIX
from vt_connectors.backends.sqlite.answers import entry_in_row
from vt_connectors.backends.sqlite.record_file import checked_content
from vt_connectors.cache import Entry
from vt_connectors.coalescing.leases import Result
from vt_connectors.quota.ledger import Ledger


def damaged_rows(path: Path) -> tuple[int, list[str]]:
    """How many rows the state's files have, and what is wrong with any."""
    quota, leases = (path.with_name(f"{path.stem}-{part}.db") for part in ("quota", "leases"))
    tried, wrong = 0, [f"set aside: {file.name}" for file in path.parent.glob("*.bad-*")]
    for file, rows in ((path, _cache_rows), (quota, _quota_rows), (leases, _lease_rows)):
        if not file.exists():
            continue
        connection = sqlite3.connect(file)
        verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
        wrong += [f"{file.name}: {verdict}"] * (verdict != "ok")
        for trouble in rows(connection):
            tried += 1
            wrong += [f"{file.name}: {trouble}"] * bool(trouble)
        connection.close()
    return tried, wrong


def _cache_rows(connection: sqlite3.Connection) -> Iterator[str]:
    for key, content, status, fetched_at in connection.execute("SELECT key, content, status, fetched_at FROM answer"):
        try:
            entry = entry_in_row(key, content)
        except ValueError as error:
            yield f"{key}: {error}"
            continue
        yield "" if (entry.listed_as, entry.fetched_at) == (status, fetched_at) else f"{key}: its columns say otherwise"


def _lease_rows(connection: sqlite3.Connection) -> Iterator[str]:
    for key, token, beat, result in connection.execute("SELECT key, token, beat, result FROM lease"):
        is_whole = token and isinstance(beat, int) and (result is None or Result.from_text(key, result) != Result())
        yield "" if is_whole else f"lease {key}: {token!r}, {beat!r}, {result!r}"


def _quota_rows(connection: sqlite3.Connection) -> Iterator[str]:
    for (content,) in connection.execute("SELECT content FROM book WHERE id = 1"):
        try:
            for scope, ledger in checked_content(content).items():
                Ledger.from_json(ledger.encode())
                yield "a book was lost" if scope == "*" else ""
        except ValueError as error:
            yield str(error)


def rows_at_server(redis: RedisProcess) -> tuple[int, list[str]]:
    """The same of a server: each key but the quota's and the queue's ends by itself, and each answer can be read."""
    server = redis.server()
    tried, wrong = 0, []
    for keys in server.keys(""):
        for key in keys:
            tried += 1
            name = key.decode()
            # Gone between two calls is fine; -1 is a key that stays for ever.
            if server.call("PTTL", name) == -1 and not name.startswith((LEDGERS, PENDING)):
                wrong.append(f"{name}: it never ends")
            if name.startswith(PREFIX + "answer:"):
                wrong += _unreadable(name, server.call("GET", name))
    server.close()
    return tried, wrong


def _unreadable(name: str, kept: bytes | None) -> list[str]:
    try:
        if kept is not None:
            Entry.from_bytes(kept.partition(b"\n")[2])
    except ValueError as error:
        return [f"{name}: {error}"]
    return []
