"""Ledgers in the KV store: late and stale writers read again, and old versions do not return."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_clock import START, FakeClock
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.errors import ConfigError, RateLimited
from vt_connectors.quota import parse_quota
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.ledger_store import LedgerStore
from vt_connectors.quota.limiter import Limiter
from vt_connectors.state.fallback import Fallback, StateBusy, StateUnavailable
from vt_connectors.state.heartbeat import Heartbeat
from vtlookup_app.kvstore.ledgers import APART_S, KvLedgers
from vtlookup_app.kvstore.parts import LEDGERS

from .fake_kvstore import FakeKvStore, Member
from .fake_splunkd import FakeSplunkd
from .kvstore_parts import book_at


@pytest.fixture
def splunkd(store: FakeKvStore) -> Iterator[FakeSplunkd]:
    with FakeSplunkd(kvstore=Member(store)) as splunkd:
        yield splunkd


def _note(ledger: Ledger, now: float) -> float:
    ledger.consecutive_429s += 1
    return now


def _consecutive_429s(ledgers: KvLedgers) -> int:
    return ledgers.transact("a", lambda ledger, _: ledger.consecutive_429s)


def _versions(store: FakeKvStore) -> list[int]:
    return sorted(document["version"] for document in store.documents[LEDGERS].values())


def _limiter(ledgers: LedgerStore, clock: FakeClock, quota: str) -> Limiter:
    parsed = parse_quota(quota)
    return Limiter(Fallback(ledgers, MemoryLedgers(clock), clock, "alone"), "a", lambda: parsed, clock, Heartbeat())


def test_a_member_that_is_behind_never_undoes_what_others_wrote(store: FakeKvStore) -> None:
    clock = FakeClock()
    with FakeSplunkd(kvstore=Member(store)) as captain, FakeSplunkd(kvstore=Member(store, lag_s=0.3)) as behind:
        ours, theirs = book_at(captain, clock), book_at(behind, clock)
        for _ in range(4):
            ours.transact("a", _note)
            theirs.transact("a", _note)
        assert _consecutive_429s(ours) == 8


def test_many_members_that_are_behind_count_every_change_once(store: FakeKvStore) -> None:
    clock, failures = FakeClock(), list[BaseException]()

    def work(lag_s: float) -> None:
        try:
            with FakeSplunkd(kvstore=Member(store, lag_s=lag_s)) as splunkd:
                ledgers = book_at(splunkd, clock)
                for _ in range(10):
                    ledgers.transact("a", _note)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(lag_s,)) for lag_s in (0.0, 0.02, 0.05, 0.1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert max(store.documents[LEDGERS].values(), key=_version)["version"] == 40


def _version(document: dict[str, Any]) -> int:
    return int(document["version"])


def test_a_writer_sees_its_change_before_its_member_does(store: FakeKvStore) -> None:
    with FakeSplunkd(kvstore=Member(store, lag_s=30.0)) as behind:
        ledgers = book_at(behind, FakeClock(), patience_s=0.5)
        for _ in range(3):
            ledgers.transact("a", _note)
        assert _consecutive_429s(ledgers) == 3


def test_a_member_that_stays_behind_is_an_error_and_nothing_is_guessed(
    store: FakeKvStore, splunkd: FakeSplunkd
) -> None:
    with FakeSplunkd(kvstore=Member(store, lag_s=30.0)) as behind:
        book_at(splunkd, FakeClock()).transact("a", _note)
        with pytest.raises(StateBusy, match="is locked by other processes"):
            book_at(behind, FakeClock(), patience_s=0.3).transact("a", _note)


def test_a_look_writes_nothing_and_so_does_a_change_that_changes_nothing(
    store: FakeKvStore, splunkd: FakeSplunkd
) -> None:
    ledgers = book_at(splunkd, FakeClock())
    ledgers.transact("a", _note)
    ledgers.peek("a")
    _consecutive_429s(ledgers)
    assert _versions(store) == [1]


def test_old_versions_lose_their_content_at_once_and_are_deleted_later(
    store: FakeKvStore, splunkd: FakeSplunkd
) -> None:
    clock = FakeClock()
    ledgers = book_at(splunkd, clock)
    for _ in range(192):
        clock.advance(0.1)
        ledgers.transact("a", _note)
    kept = [document["version"] for document in store.documents[LEDGERS].values() if "content" in document]
    assert sorted(kept) == list(range(129, 193))
    assert _versions(store) == list(range(1, 193))
    clock.advance(3601)
    for _ in range(64):
        ledgers.transact("a", _note)
    assert _versions(store) == [1, *range(129, 257)]
    assert _consecutive_429s(book_at(splunkd, clock)) == 256


def test_a_ledger_never_begins_twice_for_members_with_a_stale_view(store: FakeKvStore, splunkd: FakeSplunkd) -> None:
    clock = FakeClock()
    ledgers = book_at(splunkd, clock)
    for _ in range(192):
        ledgers.transact("a", _note)
        clock.advance(60)
    assert _versions(store)[1] > 2
    with FakeSplunkd(kvstore=Member(store, lag_s=3600.0)) as empty, pytest.raises(StateBusy):
        book_at(empty, clock, patience_s=0.2).transact("a", _note)


def test_a_process_suspended_between_read_and_insertion_repeats_the_step(
    store: FakeKvStore, splunkd: FakeSplunkd, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tries = time.time, list[int]()
    ledgers = book_at(splunkd, FakeClock())
    ledgers.transact("a", _note)

    def long(ledger: Ledger, now: float) -> None:
        tries.append(ledger.consecutive_429s)
        if len(tries) == 1:
            # The machine slept; others wrote, and their first versions are deleted.
            for version in range(2, 6):
                document = store.documents[LEDGERS]["a.1"]
                store.put(LEDGERS, {**document, "_key": f"a.{version}", "version": version, "content": _with(version)})
            store.drop(LEDGERS, ["a.2", "a.3"])
            monkeypatch.setattr(time, "time", lambda: real() + 7200)
        _note(ledger, now)

    ledgers.transact("a", long)
    assert tries == [1, 5]
    assert _consecutive_429s(ledgers) == 6


def _with(consecutive_429s: int) -> str:
    return Ledger(consecutive_429s=consecutive_429s, max_clock_skew_s=APART_S).to_json()


def test_a_process_that_knew_a_lost_ledger_marks_the_loss_for_others(
    store: FakeKvStore, splunkd: FakeSplunkd, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    knows, newcomer = book_at(splunkd, clock), book_at(splunkd, clock)
    for _ in range(3):
        knows.transact("a", _note)
    store.drop(LEDGERS, list(store.documents[LEDGERS]))
    newcomer.transact("a", _note)
    assert knows.transact("a", lambda ledger, _: (_note(ledger, 0.0), ledger.consecutive_429s)[1]) == 4
    assert newcomer.transact("a", lambda ledger, _: (ledger.reset_at, ledger.consecutive_429s)) == (START + APART_S, 4)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize("content", ["", "{}", None])
def test_a_damaged_ledger_is_lost(
    store: FakeKvStore, splunkd: FakeSplunkd, caplog: pytest.LogCaptureFixture, content: str | None
) -> None:
    clock = FakeClock()
    book_at(splunkd, clock).transact("a", _note)
    document = store.documents[LEDGERS]["a.1"]
    store.put(LEDGERS, {name: value for name, value in {**document, "content": content}.items() if value is not None})
    limiter = _limiter(book_at(splunkd, clock), clock, "1/minute")
    with pytest.raises(RateLimited), limiter.slot(clock.monotonic() + 61):
        pass
    with limiter.slot(clock.monotonic() + 63):
        pass
    assert "was lost" in caplog.text


def test_the_time_never_goes_back_between_search_heads(splunkd: FakeSplunkd, caplog: pytest.LogCaptureFixture) -> None:
    ahead, behind = FakeClock(START + APART_S), FakeClock(START)
    assert book_at(splunkd, ahead).transact("a", _note) == START + APART_S
    assert book_at(splunkd, behind).transact("a", _note) == START + APART_S
    behind.advance(10)
    assert book_at(splunkd, behind).transact("a", _note) == START + 10
    assert caplog.text == ""


def test_a_clock_that_is_far_off_is_reported_and_blocks_nothing(
    splunkd: FakeSplunkd, caplog: pytest.LogCaptureFixture
) -> None:
    book_at(splunkd, FakeClock(START + 3600)).transact("a", _note)
    ledgers = book_at(splunkd, FakeClock(START))
    assert [ledgers.transact("a", _note) for _ in range(2)] == [START, START]
    assert caplog.text.count("clock is 3600 s behind") == 1


@pytest.mark.parametrize("order", [(0.0, APART_S), (APART_S, 0.0)])
def test_clocks_that_differ_never_give_a_slot_too_early(splunkd: FakeSplunkd, order: tuple[float, float]) -> None:
    """One sends, the other as soon as allowed: never within a minute of each other."""
    first, second = (FakeClock(START + ahead) for ahead in order)
    with _limiter(book_at(splunkd, first), first, "1/minute").slot(first.monotonic()) as slot:
        slot.answered()
    with _limiter(book_at(splunkd, second), second, "1/minute").slot(second.monotonic() + 90) as slot:
        slot.answered()
    assert 60 <= sum(second.slept) <= 60 + 2 * APART_S + 0.1


def test_a_user_without_write_access_gets_no_part_of_the_quota(store: FakeKvStore) -> None:
    clock = FakeClock()
    with FakeSplunkd(kvstore=Member(store, forbidden=frozenset([LEDGERS]))) as splunkd:
        limiter = _limiter(book_at(splunkd, clock), clock, "4/minute")
        with pytest.raises(ConfigError, match="your role needs write access"), limiter.slot(clock.monotonic()):
            pass


def test_after_a_failed_connection_the_store_is_called_again_only_later(
    store: FakeKvStore, splunkd: FakeSplunkd
) -> None:
    store.busy = True
    ledgers = book_at(splunkd, FakeClock())
    for _ in range(3):
        with pytest.raises(StateUnavailable, match="HTTP 503"):
            ledgers.transact("a", _note)
    assert len(store.asked) == 1


def test_a_ledger_document_is_within_the_size_limits(store: FakeKvStore, splunkd: FakeSplunkd) -> None:
    book_at(splunkd, FakeClock()).transact("a", _note)
    document = store.documents[LEDGERS]["a.1"]
    assert set(document) == {"_key", "_user", "name", "version", "store_id", "at", "content"}
    assert json.loads(document["content"])["max_clock_skew_s"] == APART_S
