"""A Redis server with full memory: with each policy, the quota is respected and lasting keys are not lost."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from tests.fake_clock import FakeClock
from tests.redis_process import RedisProcess
from tests.state.test_lookups_go_on import PlayedVirusTotal
from tests.vtaction_process import lookup
from vt_connectors.api_key import ApiKey
from vt_connectors.backends.redis.answers import RedisAnswers
from vt_connectors.backends.redis.leases import RedisLeases
from vt_connectors.backends.redis.pending import RedisPending
from vt_connectors.backends.redis.server import LEDGERS, PENDING, PREFIX, RedisServer
from vt_connectors.cache import Entry
from vt_connectors.clock import SystemClock
from vt_connectors.coalescing.leases import Lease, Result
from vt_connectors.composition.core import build
from vt_connectors.config.settings import Settings
from vt_connectors.core import Core
from vt_connectors.errors import RateLimited
from vt_connectors.quota import parse_quota
from vt_connectors.state.fallback import StateUnavailable

KEEP = ("noeviction", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl")
DROP = ("allkeys-lru", "allkeys-lfu", "allkeys-random")
DAY_S = 86400.0
_ROOM_BYTES = 1024 * 1024
# There is room for 250.
_TOO_MANY = 400
# What a policy evicts is the server's decision. What a full server answers is understood on every Python.
_OF_THE_SERVER = pytest.mark.once

MakeServer = Callable[[str], RedisProcess]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[MakeServer]:
    """Starts a server with a policy, and with 1 MB beside what it needs for itself."""
    started: list[RedisProcess] = []

    def make(policy: str) -> RedisProcess:
        process = RedisProcess(tmp_path / str(len(started)), "--maxmemory-policy", policy).start()
        started.append(process)
        server = process.server()
        server.call("CONFIG", "SET", "maxmemory", server.call("INFO", "memory")["used_memory"] + _ROOM_BYTES)
        server.close()
        return process

    yield make
    for process in started:
        process.kill()


@pytest.fixture
def full(small: MakeServer) -> RedisServer:
    """A full server that evicts nothing."""
    server = small("noeviction").server()
    server.call("CONFIG", "SET", "maxmemory", "1")
    return server


def answer(seed: int, size: int = 6000, fetched_at: float = 0.0) -> Entry:
    """Content that cannot be compressed."""
    return Entry("ok", {"x": random.Random(seed).randbytes(size // 2).hex()}, fetched_at or SystemClock().now())


def fill(server: RedisServer, count: int, keep_s: float = 30 * DAY_S) -> RedisAnswers:
    answers = RedisAnswers(server, lambda entry: keep_s)
    for number in range(count):
        answers.put(f"v3:file:{number:064x}", answer(number))
    return answers


class Harness:
    """Processes with one lookup each, and their VirusTotal."""

    def __init__(self, state: str, quota: str) -> None:
        self.virustotal = PlayedVirusTotal()
        self._settings = Settings(state=state, quota=parse_quota(quota))

    def core(self) -> Core:
        return build(self._settings, lambda: ApiKey("k" * 64), FakeClock(), lambda key: self.virustotal)

    def ask(self, number: int) -> str:
        core = self.core()
        reported = core.answer(lookup(f"{number:032x}", options={"max_wait_s": 0}))
        core.close()
        return str(reported["error"]["code"] if reported["error"] else reported["meta"]["source"])


@_OF_THE_SERVER
@pytest.mark.parametrize("policy", KEEP)
def test_answers_do_not_evict_the_record_with_policies_that_spare_keys_without_expiry(
    policy: str, small: MakeServer
) -> None:
    process = small(policy)
    server, harness = process.server(), Harness(process.url, "4/minute,6/day")
    assert [harness.ask(number) for number in range(5)] == ["api"] * 4 + ["rate_limited"]
    fill(server, _TOO_MANY)
    [ledger] = [name for names in server.keys(LEDGERS) for name in names]
    assert server.call("TTL", ledger) == -1
    assert {harness.ask(number) for number in range(100, 110)} == {"rate_limited"}
    assert len(harness.virustotal.asked) == 4


@_OF_THE_SERVER
@pytest.mark.parametrize("policy", DROP)
def test_an_evicted_record_is_lost_for_new_processes_too(
    policy: str, small: MakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    process = small("noeviction")
    server, harness = process.server(), Harness(process.url, "4/minute")
    assert [harness.ask(number) for number in range(4)] == ["api"] * 4
    server.call("CONFIG", "SET", "maxmemory-policy", policy)
    for _ in range(50):
        fill(server, _TOO_MANY)
        if not list(server.keys(LEDGERS)):
            break
    assert list(server.keys(LEDGERS)) == [], "nothing was tried"
    assert {harness.ask(number) for number in range(100, 110)} == {"rate_limited"}
    assert len(harness.virustotal.asked) == 4
    assert "drops keys when its memory is full" in caplog.text
    assert "noeviction" in caplog.text


@pytest.mark.parametrize("policy", DROP)
def test_no_request_is_sent_in_the_first_window_if_the_server_may_evict_the_record(
    policy: str, small: MakeServer
) -> None:
    harness = Harness(small(policy).url, "4/minute")
    assert [harness.ask(number) for number in range(4)] == ["rate_limited"] * 4
    assert harness.virustotal.asked == []


@_OF_THE_SERVER
def test_an_earlier_versions_expiring_record_is_lost_after_its_eviction(small: MakeServer) -> None:
    process = small("noeviction")
    server, harness = process.server(), Harness(process.url, "4/minute")
    assert [harness.ask(number) for number in range(4)] == ["api"] * 4
    [ledger] = [name for names in server.keys(LEDGERS) for name in names]
    server.call("PEXPIRE", ledger, 3_600_000)
    server.call("CONFIG", "SET", "maxmemory-policy", "volatile-ttl")
    # Redis examines a few random keys.
    server.call("CONFIG", "SET", "maxmemory-samples", "64")
    for _ in range(50):
        fill(server, _TOO_MANY)
        if server.call("EXISTS", ledger) == 0:
            break
    assert server.call("EXISTS", ledger) == 0, "nothing was tried"
    assert {harness.ask(number) for number in range(100, 110)} == {"rate_limited"}
    assert len(harness.virustotal.asked) == 4


@_OF_THE_SERVER
@pytest.mark.parametrize("policy", KEEP)
def test_a_server_without_evictions_begins_a_record_at_once(policy: str, small: MakeServer) -> None:
    assert Harness(small(policy).url, "4/minute").ask(1) == "api"


def test_older_answers_make_room_on_a_server_that_drops_nothing(small: MakeServer) -> None:
    server = small("noeviction").server()
    fill(server, 80, keep_s=30 * DAY_S)
    answers = fill(server, _TOO_MANY, keep_s=29 * DAY_S)
    assert answers.get(f"v3:file:{_TOO_MANY - 1:064x}") is not None
    assert 150 < answers.stats()["entries"] < _TOO_MANY
    large = answer(1, 400_000)
    answers.put("v3:file:large", large)
    kept = answers.get("v3:file:large")
    assert kept is not None
    assert kept.report == large.report


def test_answers_that_expire_soonest_are_evicted_first(small: MakeServer) -> None:
    server = small("noeviction").server()
    short, long = (RedisAnswers(server, lambda entry, s=seconds: s) for seconds in (3600.0, 30 * DAY_S))  # type: ignore[misc]
    for number in range(110):
        short.put(f"v3:ip:{number}", answer(number))
        long.put(f"v3:file:{number}", answer(number))
    # More than fits in beside them.
    fill(server, 140)
    left = {kind: len(long.get_many([f"v3:{kind}:{number}" for number in range(110)])) for kind in ("ip", "file")}
    assert left["ip"] < left["file"]


def test_if_others_use_all_memory_a_warning_says_that_nothing_is_cached(small: MakeServer) -> None:
    server = small("noeviction").server()
    with contextlib.suppress(StateUnavailable):
        for number in range(10_000):
            server.call("SET", f"another-program:{number}", "x" * 1000)
    with pytest.raises(StateUnavailable, match="maxmemory"):
        RedisAnswers(server, lambda entry: DAY_S).put("v3:file:1", answer(1, 20_000))
    assert server.call("DBSIZE") > 500, "and what is others' stays"


def test_a_lease_is_taken_marked_and_given_back_on_a_full_server(full: RedisServer) -> None:
    leases = RedisLeases(full)
    assert leases.claim("a", Lease("token")).mine
    leases.waiting("a", "token", True)
    leases.renew(["token"])
    seen = leases.peek("a")
    assert seen is not None
    assert (seen.waiting, seen.beat) == (True, 2)
    leases.release("a", "token", Result(error=RateLimited("no quota", retry_after=1.0)))
    seen = leases.peek("a")
    assert seen is not None
    assert seen.result is not None
    assert isinstance(seen.result.error, RateLimited)


def test_the_queue_works_on_a_full_server(full: RedisServer) -> None:
    queue = RedisPending(full, "3")
    assert queue.put_many({"ip:1.1.1.1": 0}, 2)
    assert queue.put_many({"ip:1.1.1.1": 1}, 2), "and another part of the same"
    assert queue.put_many({"ip:2.2.2.2": 2}, 2)
    assert not queue.put_many({"ip:3.3.3.3": 0}, 2)
    assert [(entry.key, entry.parts_mask) for entry in queue.oldest(9)] == [("ip:1.1.1.1", 1), ("ip:2.2.2.2", 2)]
    assert queue.stats()["refused"] == 1


@_OF_THE_SERVER
@pytest.mark.parametrize("policy", KEEP)
def test_the_queue_is_not_evicted(policy: str, small: MakeServer) -> None:
    server = small(policy).server()
    queue = RedisPending(server, "3")
    for number in range(100):
        queue.put_many({f"ip:1.1.1.{number}": 1}, 1000)
    fill(server, _TOO_MANY)
    assert [entry.parts_mask for entry in queue.oldest(200)] == [1] * 100


def test_a_queue_of_an_earlier_version_stays_from_its_next_use_on(redis_server: RedisServer) -> None:
    queue = RedisPending(redis_server, "3")
    queue.put_many({"ip:1.1.1.1": 1}, 9)
    for name in ("order", "bits"):
        redis_server.call("PEXPIRE", f"{PENDING}3:{name}", 3_600_000)
    queue.stats()
    assert [redis_server.call("TTL", f"{PENDING}3:{name}") for name in ("order", "bits")] == [-1, -1]


def test_parts_of_a_deleted_queue_do_not_stay_for_ever(redis_server: RedisServer) -> None:
    queue = RedisPending(redis_server, "3")
    queue.put_many({"ip:1.1.1.1": 1}, 9)
    redis_server.call("DEL", f"{PENDING}3:order")
    queue.put_many({"ip:2.2.2.2": 2}, 9)
    assert redis_server.call("HKEYS", f"{PENDING}3:bits") == [b"ip:2.2.2.2"]


def test_only_data_that_may_be_lost_expires(redis_process: RedisProcess) -> None:
    harness, server = Harness(redis_process.url, "1/minute"), redis_process.server()
    harness.ask(1)
    RedisPending(server, "3").put_many({"ip:1.1.1.1": 1}, 9)
    names = [name for batch in server.keys(PREFIX) for name in batch]
    ends = {name.decode()[len(PREFIX) :].partition(":")[0]: server.call("TTL", name) > 0 for name in names}
    assert ends == {"answer": True, "ledger": False, "pending": False}
