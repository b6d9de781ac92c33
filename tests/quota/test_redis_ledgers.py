"""Ledgers in Redis: the clock, losses, and turns."""

from __future__ import annotations

import logging
import operator
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_clock import FakeClock
from tests.redis_process import RedisProcess
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.backends.redis.ledgers import RedisLedgers
from vt_connectors.backends.redis.server import PREFIX, RedisServer
from vt_connectors.clock import SystemClock
from vt_connectors.errors import RateLimited
from vt_connectors.quota import parse_quota
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.ledger_store import Change, LedgerStore
from vt_connectors.quota.limiter import Limiter
from vt_connectors.state.fallback import Fallback, StateBusy
from vt_connectors.state.heartbeat import Heartbeat

LEDGER = PREFIX + "ledger:a"


def _limiter(ledgers: LedgerStore, clock: FakeClock, quota: str = "2/minute") -> Limiter:
    parsed = parse_quota(quota)
    return Limiter(Fallback(ledgers, MemoryLedgers(clock), clock, "alone"), "a", lambda: parsed, clock, Heartbeat())


def _ask(limiter: Limiter, clock: FakeClock) -> None:
    with limiter.slot(clock.monotonic()) as slot:
        slot.answered()


def _reset_at(ledgers: RedisLedgers) -> float:
    return ledgers.transact("a", lambda ledger, _: ledger.reset_at)


def _note(ledger: Ledger, now: float) -> float:
    ledger.settled.append(now)
    ledger.longest_window_s = 60.0
    return now


def test_the_time_is_the_servers_not_the_machines(redis_process: RedisProcess) -> None:
    real = SystemClock().now()
    ahead, behind = FakeClock(real + 3600), FakeClock(real - 3600)
    limiters = [(_limiter(RedisLedgers(redis_process.server(clock)), clock), clock) for clock in (ahead, behind)]
    for limiter, clock in limiters:
        _ask(limiter, clock)
    for limiter, clock in limiters:
        with pytest.raises(RateLimited) as refused:
            _ask(limiter, clock)
        assert refused.value.retry_after == pytest.approx(60, abs=10)
        assert limiter.usage()["minute"]["used"] == 2
    assert RedisLedgers(redis_process.server(ahead)).transact("a", lambda _, now: now) == pytest.approx(real, abs=60)


NEVER = -1


def test_a_ledger_does_not_expire(redis_server: RedisServer) -> None:
    RedisLedgers(redis_server).transact("a", _note)
    assert redis_server.call("TTL", LEDGER) == NEVER


@pytest.mark.parametrize("change", [_note, lambda ledger, now: now])
def test_a_ledger_of_an_earlier_version_stays_from_its_next_use_on(
    redis_server: RedisServer, change: Change[float]
) -> None:
    RedisLedgers(redis_server).transact("a", _note)
    redis_server.call("PEXPIRE", LEDGER, 32 * 86400 * 1000)
    RedisLedgers(redis_server).transact("a", change)
    assert redis_server.call("TTL", LEDGER) == NEVER


def _last_written(server: RedisServer, scope: str, days_ago: float) -> str:
    """The name of another key's ledger, which was last written this many days ago."""
    RedisLedgers(server).transact(scope, _note)
    [now, _] = server.call("TIME")
    server.call("HSET", f"{PREFIX}ledger:{scope}", "at", int(now) - int(days_ago * 86400))
    return f"{PREFIX}ledger:{scope}"


def test_ledgers_of_keys_that_are_no_longer_used_go_when_another_begins(redis_server: RedisServer) -> None:
    old, young = _last_written(redis_server, "old", 91), _last_written(redis_server, "young", 89)
    RedisLedgers(redis_server).transact("a", _note)
    assert [redis_server.call("EXISTS", name) for name in (old, young, LEDGER)] == [0, 1, 1]


def test_a_ledger_with_a_longer_window_stays_as_long_as_the_window(redis_server: RedisServer) -> None:
    long = _last_written(redis_server, "long", 0)
    RedisLedgers(redis_server).transact("long", lambda ledger, _: setattr(ledger, "longest_window_s", 365 * 86400.0))
    redis_server.call("HINCRBY", long, "at", -300 * 86400)
    RedisLedgers(redis_server).transact("a", _note)
    assert redis_server.call("EXISTS", long) == 1
    redis_server.call("HINCRBY", long, "at", -66 * 86400)
    RedisLedgers(redis_server).transact("b", _note)
    assert redis_server.call("EXISTS", long) == 0


@pytest.mark.parametrize("content", ["", "{}", "[]", "1"])
def test_an_unreadable_ledger_is_not_removed_as_old(redis_server: RedisServer, content: str) -> None:
    damaged = _last_written(redis_server, "damaged", 1000)
    redis_server.call("HSET", damaged, "content", content)
    RedisLedgers(redis_server).transact("a", _note)
    assert redis_server.call("EXISTS", damaged) == 1


def test_old_ledgers_that_may_not_be_removed_block_nothing(own: RedisProcess) -> None:
    server = own.server()
    old = _last_written(server, "old", 91)
    server.call("ACL", "SETUSER", "default", "-scan")
    now = RedisLedgers(server).transact("a", _note)
    assert RedisLedgers(server).transact("a", lambda ledger, _: ledger.settled) == [now]
    assert server.call("EXISTS", old) == 1


def test_a_transaction_that_only_reads_does_not_write(redis_server: RedisServer) -> None:
    ledgers = RedisLedgers(redis_server)
    ledgers.transact("a", _note)
    before = redis_server.call("HGET", LEDGER, "mark")
    ledgers.transact("a", lambda ledger, _: len(ledger.settled))
    assert redis_server.call("HGET", LEDGER, "mark") == before


def test_a_process_that_knew_a_lost_ledger_marks_the_loss_for_all(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    knows = RedisLedgers(redis_server)
    knows.transact("a", _note)
    redis_server.call("FLUSHALL")
    newcomer = RedisLedgers(redis_server)
    newcomer.transact("a", _note)
    assert _reset_at(newcomer) == 0
    now = knows.transact("a", _note)
    assert _reset_at(newcomer) == now
    assert _reset_at(knows) == now, "and does so once"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize("content", ["", "{}", "\xff"])
def test_a_damaged_ledger_is_lost(redis_server: RedisServer, caplog: pytest.LogCaptureFixture, content: str) -> None:
    RedisLedgers(redis_server).transact("a", _note)
    redis_server.call("HSET", LEDGER, "content", content)
    now = RedisLedgers(redis_server).transact("a", _note)
    assert _reset_at(RedisLedgers(redis_server)) == now
    assert "was lost" in caplog.text


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisProcess]:
    """A server that syncs every write."""
    process = RedisProcess(tmp_path, "--appendonly", "yes", "--appendfsync", "always").start()
    yield process
    process.kill()


def test_after_a_restart_nothing_is_forgotten_and_each_window_is_waited_out(
    own: RedisProcess, caplog: pytest.LogCaptureFixture
) -> None:
    before = RedisLedgers(own.server()).transact("a", _note)
    own.kill()
    own.start()
    ledgers = RedisLedgers(own.server())
    assert ledgers.transact("a", lambda ledger, _: ledger.settled) == [before]
    reset_at, now = ledgers.transact("a", lambda ledger, now: (ledger.reset_at, now))
    assert before < reset_at <= now, "from the restart on"
    assert caplog.text.count("restarted") == 1
    assert _reset_at(RedisLedgers(own.server())) == reset_at


def test_a_replica_that_took_over_may_have_missed_the_last_changes(redis_server: RedisServer) -> None:
    RedisLedgers(redis_server).transact("a", _note)
    redis_server.call("HSET", LEDGER, "run", "another")
    now = RedisLedgers(redis_server).transact("a", _note)
    assert _reset_at(RedisLedgers(redis_server)) == now


def test_an_old_restart_blocks_nothing(redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    while redis_server.call("INFO", "server")["uptime_in_seconds"] < 2:
        time.sleep(0.1)
    RedisLedgers(redis_server).transact("a", lambda ledger, _: setattr(ledger, "longest_window_s", 0.001))
    redis_server.call("HSET", LEDGER, "run", "another", "at", "1000")
    RedisLedgers(redis_server).transact("a", _note)
    assert caplog.text == ""


def test_a_writer_that_holds_its_turn_too_long_loses_it(redis_server: RedisServer) -> None:
    redis_server.call("SET", PREFIX + "turn:a", "a dead one", "PX", 300)
    redis_server.call("ZADD", PREFIX + "line:a", 1, "another dead one")
    ledgers = RedisLedgers(redis_server)
    ledgers.transact("a", _note)
    assert ledgers.transact("a", lambda ledger, _: len(ledger.settled)) == 1
    assert redis_server.call("EXISTS", PREFIX + "turn:a", PREFIX + "line:a") == 0


def test_a_transaction_that_only_reads_ends_its_turn_too(redis_server: RedisServer) -> None:
    RedisLedgers(redis_server).transact("a", _note)
    redis_server.call("SET", PREFIX + "turn:a", "a dead one", "PX", 100)
    RedisLedgers(redis_server).transact("a", lambda ledger, _: len(ledger.settled))
    assert redis_server.call("EXISTS", PREFIX + "turn:a") == 0


def test_a_slow_process_among_fast_ones_is_too_late_once_at_most(redis_server: RedisServer) -> None:
    over, tries = threading.Event(), list[float]()

    def hurry() -> None:
        ledgers = RedisLedgers(redis_server)
        while not over.is_set():
            ledgers.transact("a", lambda ledger, _: setattr(ledger, "consecutive_429s", ledger.consecutive_429s + 1))

    def slowly(ledger: Ledger, now: float) -> None:
        tries.append(now)
        time.sleep(0.05)
        _note(ledger, now)

    others = [threading.Thread(target=hurry) for _ in range(3)]
    for other in others:
        other.start()
    for _ in range(5):
        RedisLedgers(redis_server).transact("a", slowly)
    over.set()
    for other in others:
        other.join()
    assert len(tries) <= 10


def test_a_full_server_still_counts_and_still_queues(own: RedisProcess) -> None:
    server = own.server()
    RedisLedgers(server).transact("a", _note)
    server.call("SET", PREFIX + "turn:a", "a dead one", "PX", 400)
    server.call("CONFIG", "SET", "maxmemory", "1")
    RedisLedgers(server).transact("a", _note)
    assert RedisLedgers(server).transact("a", lambda ledger, _: len(ledger.settled)) == 2


@pytest.mark.parametrize("left_ms", [None, 3_600_000])
def test_a_turn_from_before_the_clock_was_set_back_blocks_nothing(
    redis_server: RedisServer, left_ms: int | None
) -> None:
    redis_server.call("SET", PREFIX + "turn:a", "somebody", *(("PX", left_ms) if left_ms else ()))
    began = time.monotonic()
    RedisLedgers(redis_server).transact("a", _note)
    assert time.monotonic() - began < 30


def test_a_locked_ledger_is_an_error_and_nothing_is_guessed(redis_server: RedisServer) -> None:
    over = threading.Event()

    def hold() -> None:
        while not over.wait(0.02):
            redis_server.call("SET", PREFIX + "turn:a", "somebody", "PX", 400)

    holder = threading.Thread(target=hold)
    holder.start()
    time.sleep(0.1)
    with pytest.raises(StateBusy, match="is locked by other processes"):
        RedisLedgers(redis_server, patience_s=0.8).transact("a", _note)
    over.set()
    holder.join()


def test_a_failed_write_is_repeated_on_the_newer_content(redis_server: RedisServer) -> None:
    ledgers, seen = RedisLedgers(redis_server), list[int]()

    def slowly(ledger: Ledger, now: float) -> None:
        seen.append(len(ledger.settled))
        if len(seen) == 1:
            RedisLedgers(redis_server).transact("a", _note)
        _note(ledger, now)

    ledgers.transact("a", slowly)
    assert seen == [0, 1]
    assert ledgers.transact("a", lambda ledger, _: len(ledger.settled)) == 2
    assert redis_server.call("EXISTS", PREFIX + "turn:a") == 0


def test_writers_that_write_all_the_time_get_about_equal_turns(redis_server: RedisServer) -> None:
    over, counts = threading.Event(), [0] * 16

    def write(number: int) -> None:
        ledgers = RedisLedgers(redis_server)
        while not over.is_set():
            ledgers.transact("a", lambda ledger, _: setattr(ledger, "consecutive_429s", ledger.consecutive_429s + 1))
            counts[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    give_up = time.monotonic() + 120
    while not min(counts) and time.monotonic() < give_up:
        time.sleep(0.01)
    # On a busy machine the first threads write alone until the last have begun.
    before = list(counts)
    while max(map(operator.sub, counts, before)) < 60 and time.monotonic() < give_up:
        time.sleep(0.01)
    over.set()
    for thread in threads:
        thread.join()
    assert RedisLedgers(redis_server).transact("a", lambda ledger, _: ledger.consecutive_429s) == sum(counts)
    turns = list(map(operator.sub, counts, before))
    assert min(turns) > max(turns) / 3, (before, counts)
