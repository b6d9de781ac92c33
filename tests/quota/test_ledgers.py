"""The contract of every ledger store."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.backends.sqlite.ledgers import SqliteLedgers
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.ledger_store import LOST, LedgerStore
from vt_connectors.quota.waiters import Waiter


def _one_more(ledger: Ledger, now: float = 0.0) -> int:
    ledger.used["day"]["2026-01-02"] = ledger.used["day"].get("2026-01-02", 0) + 1
    return ledger.used["day"]["2026-01-02"]


def _used(ledger: Ledger, now: float = 0.0) -> int:
    return ledger.used["day"].get("2026-01-02", 0)


def test_a_change_is_stored(ledgers: LedgerStore) -> None:
    assert [ledgers.transact("a", _one_more) for _ in range(3)] == [1, 2, 3]


def test_peek_returns_the_stored_ledger_and_changes_nothing(ledgers: LedgerStore, clock: FakeClock) -> None:
    ledgers.transact("a", _one_more)
    ledger, now = ledgers.peek("a")
    assert (_used(ledger), now) == (1, clock.now())
    assert _used(ledgers.peek("b")[0]) == 0
    assert ledgers.transact("a", _used) == 1


def test_each_key_has_a_ledger_of_its_own(ledgers: LedgerStore) -> None:
    ledgers.transact("a", _one_more)
    assert ledgers.transact("b", _used) == 0
    assert ledgers.transact("a", _used) == 1


def test_changes_of_many_threads_are_made_one_after_the_other(ledgers: LedgerStore) -> None:
    threads = [threading.Thread(target=lambda: [ledgers.transact("a", _one_more) for _ in range(25)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledgers.transact("a", _used) == 200


def test_a_whole_ledger_comes_back_as_it_was(ledgers: LedgerStore, clock: FakeClock) -> None:
    uptime = clock.uptime()

    def fill(ledger: Ledger, now: float = 0.0) -> None:
        ledger.settled = [1.5, 2.25]
        ledger.in_flight = {"t": 3.0}
        ledger.used = {"day": {"2026-01-02": 5}, "month": {"2026-01": 6}}
        ledger.queue = [Waiter("q", 7.0)]
        ledger.blocked_until, ledger.blocked_for, ledger.consecutive_429s = 8.0, 2.0, 3
        ledger.longest_window_s, ledger.reset_at = 60.0, 4.0
        ledger.boot, ledger.booted_at = uptime.boot, clock.now() - uptime.seconds

    ledgers.transact("a", fill)
    filled = Ledger()
    fill(filled)
    assert ledgers.transact("a", lambda ledger, _: ledger.to_json()) == filled.to_json()


def test_a_failed_change_of_a_shared_ledger_writes_nothing(ledgers: LedgerStore) -> None:
    if isinstance(ledgers, MemoryLedgers):
        pytest.skip("memory has no transactions to roll back")

    def broken(ledger: Ledger, now: float) -> None:
        _one_more(ledger)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        ledgers.transact("a", broken)
    assert ledgers.transact("a", _used) == 0
    assert ledgers.transact("a", _one_more) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"settled":1}',
        b"\xff\xfe",
        b"[" * 100_000,
        Ledger(settled=[float("nan")]).to_json().encode(),
        Ledger(used={"day": {}}).to_json().encode(),
        Ledger().to_json().encode().replace(b'"queue":[]', b'"queue":[1]'),
    ],
)
def test_an_invalid_ledger_is_rejected(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Ledger.from_json(text)


def _flipped(path: Path, digit: bytes, other: bytes) -> None:
    content = path.read_bytes()
    assert content.count(digit) == 1
    path.write_bytes(content.replace(digit, other))


def test_a_changed_digit_is_a_lost_record_and_not_a_smaller_use(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "quota.db"
    ledgers = SqliteLedgers(path, clock)
    ledgers.transact("a", lambda ledger, _: ledger.used["day"].update({"2026-01-02": 98765}))
    ledgers.close()
    _flipped(path, b"98765", b"08765")
    assert ledgers.transact("a", lambda ledger, now: ledger.reset_at == now)


def test_a_missing_row_is_a_lost_record_and_not_a_new_one(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "quota.db"
    ledgers = SqliteLedgers(path, clock)
    ledgers.transact("a", _one_more)
    ledgers.close()
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM book")
    connection.close()
    assert ledgers.transact("a", lambda ledger, now: ledger.reset_at == now)


def _begun_anew(path: Path, clock: FakeClock) -> SqliteLedgers:
    """By a process that had not read the ledger before."""
    path.unlink()
    return SqliteLedgers(path, clock)


def test_a_ledger_begun_again_by_a_new_process_is_lost_for_all_once_an_older_process_reads_it(
    tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "quota.db"
    ledgers = SqliteLedgers(path, clock)
    ledgers.transact("a", _one_more)
    other = _begun_anew(path, clock)
    assert other.transact("a", lambda ledger, now: (_one_more(ledger), ledger.reset_at)) == (1, 0.0)
    reset_at = clock.now()
    assert ledgers.transact("a", lambda ledger, now: (ledger.reset_at, _used(ledger))) == (reset_at, 1)
    assert [other.transact(key, lambda ledger, now: ledger.reset_at) for key in ("a", "b")] == [reset_at, reset_at]


def test_a_process_that_knew_a_lost_record_warns_once(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "quota.db"
    knew = [SqliteLedgers(path, clock) for _ in range(2)]
    for ledgers in knew:
        ledgers.transact("a", _one_more)
    _begun_anew(path, clock).transact("a", _one_more)
    reset_at = clock.now()
    knew[0].transact("a", _one_more)
    clock.advance(100)
    assert [ledgers.transact("a", lambda ledger, now: ledger.reset_at) for ledgers in knew] == [reset_at, reset_at]
    assert [record.getMessage() for record in caplog.records] == [LOST]


def test_a_thread_knows_of_a_lost_record_from_other_threads(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "quota.db"
    ledgers = SqliteLedgers(path, clock)
    ledgers.transact("a", _one_more)
    path.unlink()
    found: list[float] = []
    thread = threading.Thread(
        target=lambda: found.append(ledgers.transact("a", lambda ledger, now: now - ledger.reset_at))
    )
    thread.start()
    thread.join()
    assert found == [0.0]
