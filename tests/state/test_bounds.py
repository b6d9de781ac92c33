"""Content of the shared state is bounded, so that it cannot fill the memory of its readers."""

from __future__ import annotations

import base64
import functools
import json
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Callable

import pytest

from tests.fake_clock import START, FakeClock
from tests.redis_process import RedisProcess
from tests.splunk.fake_splunkd import SESSION, FakeSplunkd
from tests.splunk.kvstore_parts import KvLeases, Splunkd, collection_at, parts_of
from vt_connectors.backends.redis.answers import RedisAnswers
from vt_connectors.backends.redis.leases import RedisLeases
from vt_connectors.backends.redis.ledgers import RedisLedgers
from vt_connectors.backends.redis.pending import RedisPending
from vt_connectors.backends.redis.server import PREFIX, RedisServer
from vt_connectors.backends.sqlite.answers import SCHEMA, SqliteAnswers, _row_checksum
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.backends.sqlite.leases import SCHEMA as LEASES_SCHEMA
from vt_connectors.backends.sqlite.leases import SqliteLeases
from vt_connectors.backends.sqlite.pending import SqlitePending
from vt_connectors.cache.entry import MAX_STORED_BYTES, AnswerStore, Entry, TooLargeToKeep
from vt_connectors.coalescing import LeaseStore
from vt_connectors.coalescing.leases import MOST_CHARACTERS, Lease, Result, _checksum
from vt_connectors.config.settings import Settings
from vt_connectors.pending import PendingStore
from vt_connectors.pending.queue import MOST_KEY_CHARACTERS
from vt_connectors.quota.ledger import MOST_BYTES, Ledger

_KEY = "v3:ip:8.8.8.8"
_MOST_MB = 48


def _json_of(report: str) -> bytes:
    return b'["ok", ' + report.encode() + b", 1767323045.0]"


def _plain(content: bytes) -> bytes:
    return b"=%08x%b" % (zlib.crc32(content), content)


BOMBS: dict[str, Callable[[], bytes]] = {
    "80 KB that unpack to 80 MB": lambda: zlib.compress(_json_of('{"a": "' + "x" * 80_000_000 + '"}'), 9),
    "an array of many arrays": lambda: zlib.compress(_json_of('{"a": [' + "[]," * 8_000_000 + "0]}"), 9),
    "many values, packed less": lambda: zlib.compress(
        _json_of('{"a": [' + "".join(f"{at % 977},[]," for at in range(600_000)) + "0]}")
    ),
    "nested deeply": lambda: _plain(_json_of('{"a": ' + "[" * 900 + "]" * 900 + "}")),
    "nested very deeply": lambda: zlib.compress(_json_of('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}")),
    "stored large": lambda: _plain(_json_of('{"a": "' + "x" * MAX_STORED_BYTES + '"}')),
    "cut off": lambda: zlib.compress(_json_of('{"a": "' + "xyz" * 999 + '"}'))[:-5],
}


@functools.cache
def _bomb(name: str) -> bytes:
    return BOMBS[name]()


@contextmanager
def _bounded(most_mb: float = _MOST_MB) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most_mb * 1024 * 1024


Plant = Callable[[bytes], None]


@pytest.fixture(params=["sqlite", "redis", "kvstore"])
def planted(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[AnswerStore, Plant]:
    """A store, and a function that writes an entry's bytes without `put`."""
    clock = FakeClock()
    if request.param == "sqlite":
        file = SqliteFile(tmp_path / "state.db", SCHEMA, "WAL")
        return SqliteAnswers(file, clock, 1 << 30), lambda content: _into_file(file, content)
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        return RedisAnswers(server, lambda _: 60.0), lambda content: _into_server(server, content)
    splunkd: FakeSplunkd = request.getfixturevalue("splunkd_with_kvstore")
    return parts_of(Splunkd(splunkd.url, SESSION), Settings(), clock).answers, lambda content: _into_kvstore(
        splunkd, content
    )


def _into_file(file: SqliteFile, content: bytes) -> None:
    row = (_KEY, content + _row_checksum(_KEY, content), "ok", START, START)
    file.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)", row)


def _into_server(server: RedisServer, content: bytes) -> None:
    server.call("SET", f"{PREFIX}answer:{_KEY}", f"ok {START!r}\n".encode() + content)


def _into_kvstore(splunkd: FakeSplunkd, content: bytes) -> None:
    collection = collection_at(splunkd, "vt_answers")
    [row] = collection.query({})
    collection.save([{**row, "content": base64.b64encode(content).decode(), "size": 1}])


@pytest.mark.parametrize("bomb", sorted(BOMBS))
def test_an_entry_that_is_too_large_is_damaged_and_replaced(planted: tuple[AnswerStore, Plant], bomb: str) -> None:
    store, plant = planted
    entry = Entry("ok", {"names": ["a"]}, START)
    store.put(_KEY, entry)
    plant(_bomb(bomb))
    # The double of the KV store runs in this process.
    with _bounded(_MOST_MB if bomb != "stored large" else 4 * _MOST_MB):
        assert store.get(_KEY) is None
        assert store.get_many([_KEY]) == {}
    store.put(_KEY, entry)
    assert store.get(_KEY) == entry


UNREADABLE: dict[str, Callable[[], dict[str, object]]] = {
    "long": lambda: {"raw": "x" * 21_000_000},
    "wide": lambda: {"raw": [[]] * 1_100_000},
    "deep": lambda: json.loads('{"raw": ' + "[" * 200 + "]" * 200 + "}"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_an_unreadable_answer_is_not_stored_and_removes_the_old_one(
    planted: tuple[AnswerStore, Plant], kind: str
) -> None:
    store, _ = planted
    report = UNREADABLE[kind]()
    with pytest.raises(TooLargeToKeep):
        Entry("ok", report, START).to_bytes()
    store.put(_KEY, Entry("ok", {"names": ["old"]}, START))
    store.put(_KEY, Entry("ok", report, START))
    assert store.get(_KEY) is None


def test_the_largest_report_is_kept(planted: tuple[AnswerStore, Plant]) -> None:
    store, _ = planted
    engines = {f"engine {at}": {"category": "undetected", "result": None, "version": at} for at in range(90_000)}
    entry = Entry("ok", {"raw": engines}, START)
    store.put(_KEY, entry)
    assert store.get(_KEY) == entry


def test_many_answers_at_a_server_come_in_portions(redis_process: RedisProcess) -> None:
    redis_server = redis_process.server(answer_s=60.0)  # for so many bytes, on a busy machine
    store = RedisAnswers(redis_server, lambda _: 60.0)
    keys = [f"v3:ip:8.8.8.{at}" for at in range(12)]
    content = zlib.compress(json.dumps(["ok", {"a": base64.b64encode(bytes(5_000_000)).decode()}, START]).encode(), 0)
    for key in keys:
        redis_server.call("SET", f"{PREFIX}answer:{key}", f"ok {START!r}\n".encode() + content)
    found = store.get_many(keys)
    assert 0 < len(found) < len(keys), "the rest is looked for one by one"
    assert all(store.get(key) is not None for key in keys)


def test_a_result_that_is_too_long_is_ignored(
    tmp_path: Path, redis_process: RedisProcess, splunkd_with_kvstore: FakeSplunkd, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    lease_stores: list[LeaseStore] = [
        SqliteLeases(SqliteFile(tmp_path / "leases.db", LEASES_SCHEMA, "WAL"), clock),
        RedisLeases(redis_process.server(clock)),
        parts_of(Splunkd(splunkd_with_kvstore.url, SESSION), Settings(), clock).leases,
    ]
    text = "0" * (MOST_CHARACTERS + 1)
    for leases in lease_stores:
        # The KV store takes no document that large.
        length = len(text) if not isinstance(leases, KvLeases) else 1_000_000
        monkeypatch.setattr(Result, "to_text", lambda *_: text[:length])  # noqa: B023
        leases.claim(_KEY, Lease("leader"))
        leases.release(_KEY, "leader", Result())
        with _bounded(2 * _MOST_MB):
            lease = leases.peek(_KEY)
        assert lease is not None
        assert lease.result == Result(), type(leases)


@pytest.mark.parametrize("bomb", sorted(BOMBS))
def test_a_result_with_a_too_large_answer_is_ignored(bomb: str) -> None:
    packed = base64.b64encode(_bomb(bomb)).decode()
    content = json.dumps({"entry": packed, "public": "same", "error": None})
    with _bounded(3 * _MOST_MB):
        assert Result.from_text(_KEY, _checksum(_KEY, content) + content) == Result()


def test_a_deeply_nested_error_is_ignored() -> None:
    details = '{"a": ' + "[" * 300 + "]" * 300 + "}"
    content = '{"entry": null, "public": null, "error": {"code": "timeout", "details": ' + details + "}}"
    assert Result.from_text(_KEY, _checksum(_KEY, content) + content) == Result()


def test_a_queued_value_that_is_too_long_is_not_seen(
    tmp_path: Path, redis_process: RedisProcess, splunkd_with_kvstore: FakeSplunkd
) -> None:
    clock = FakeClock()
    parts = parts_of(Splunkd(splunkd_with_kvstore.url, SESSION), Settings(), clock)
    stores: list[PendingStore] = [
        SqlitePending(SqliteFile(tmp_path / "state.db", SCHEMA, "WAL"), clock, "3"),
        RedisPending(redis_process.server(), "3"),
        parts.make_queue(),
    ]
    for store in stores:
        store.put_many({"url:" + "x" * (5 * MOST_KEY_CHARACTERS): 0, "ip:8.8.8.8": 0}, 9)
        assert [entry.key for entry in store.oldest(9)] == ["ip:8.8.8.8"], type(store)


def test_a_ledger_that_is_too_large_is_a_lost_record(redis_server: RedisServer) -> None:
    """A document of the KV store cannot be as large."""
    text = Ledger(settled=[0.0] * (MOST_BYTES // 4)).to_json()
    with pytest.raises(ValueError, match="bytes"):
        Ledger.from_json(text.encode())
    ledgers = RedisLedgers(redis_server)
    ledgers.transact("a", lambda ledger, now: ledger.used["day"].update({"2026-01-02": 1}))
    redis_server.call("HSET", f"{PREFIX}ledger:a", "content", text)
    assert ledgers.transact("a", lambda ledger, now: now - ledger.reset_at) == 0.0
