"""A full Redis server under each eviction policy, with processes that each do one lookup."""

from __future__ import annotations

import logging
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from bench.soak.drill import KEY, Effort, Tally
from bench.soak.store_harness import hashes
from tests.fake_clock import FakeClock
from tests.redis_process import PROGRAM, RedisProcess
from tests.state.test_lookups_go_on import PlayedVirusTotal
from tests.vtaction_process import lookup
from vt_connectors.api_key import ApiKey
from vt_connectors.backends.redis.answers import RedisAnswers
from vt_connectors.backends.redis.pending import RedisPending
from vt_connectors.backends.redis.server import LEDGERS, RedisServer
from vt_connectors.cache import Entry
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.config.settings import Settings
from vt_connectors.quota import parse_quota

KEEP = ("noeviction", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl")
DROP = ("allkeys-lru", "allkeys-lfu", "allkeys-random")
_LIMIT, _QUEUED, _KEEP_S = 6, 20, 30 * 86400.0


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally(
        "a Redis server filled with answers, under each of its eight policies, while new processes look up",
        "a request over the quota, a record or queue dropped by a policy that spares them, an unknown error",
    )
    place = effort.place("store") / "full"
    logging.getLogger("vt_connectors").setLevel(logging.ERROR)
    for number in range(effort.times(1, 12) if PROGRAM else 0):
        for policy in (*KEEP, *DROP):
            shutil.rmtree(place, ignore_errors=True)
            seed = effort.seed + number
            losses = _one(place, policy, random.Random(seed), effort.is_long)
            tally.count(*(f"{policy}, seed {seed}: {loss}" for loss in losses))
    logging.getLogger("vt_connectors").setLevel(logging.NOTSET)
    if PROGRAM:
        yield tally


def _one(place: Path, policy: str, chance: random.Random, is_long: bool) -> list[str]:
    # It gets the policy when the record is there: with a policy that drops it, the first window would be waited out.
    process = RedisProcess(place).start()
    try:
        virustotal = PlayedVirusTotal()
        server, fresh = process.server(), hashes(40, "full")
        room = int(chance.uniform(0.7, 1.4 if is_long else 0.9) * 1024 * 1024)
        server.call("CONFIG", "SET", "maxmemory", server.call("INFO", "memory")["used_memory"] + room)
        settings = Settings(state=process.url, quota=parse_quota(f"{_LIMIT}/300s"))
        losses = _ask(settings, virustotal, [fresh.pop() for _ in range(chance.randrange(1, _LIMIT + 1))])
        record, queue = _records(server), RedisPending(server, "drill")
        queue.put_many({f"ip:192.0.2.{number}": 1 for number in range(_QUEUED)}, 1000)
        server.call("CONFIG", "SET", "maxmemory-policy", policy)
        for _ in range(2):
            _fill(server, chance, 1000 if is_long else 300)
            losses += _ask(settings, virustotal, [fresh.pop() for _ in range(5)])
        if len(virustotal.asked) > _LIMIT:
            losses.append(f"{len(virustotal.asked)} requests where {_LIMIT} are allowed")
        if policy in KEEP:
            losses += ["the record is not the one that was there"] * (_records(server) != record)
            losses += ["the queue is not whole"] * ([entry.parts_mask for entry in queue.oldest(99)] != [1] * _QUEUED)
        return losses
    finally:
        process.kill()


def _records(server: RedisServer) -> dict[bytes, bytes]:
    """The quota's records, and what tells one that began anew from the one before."""
    return {name: server.call("HGET", name, "store_id") for names in server.keys(LEDGERS) for name in names}


def _ask(settings: Settings, virustotal: PlayedVirusTotal, values: list[str]) -> list[str]:
    """Each in a process of its own, as far as the state can tell."""
    losses = []
    for value in values:
        core = build(settings, lambda: ApiKey(KEY), FakeClock(), lambda key: virustotal)
        answer = core.answer(lookup(value, options={"max_wait_s": 0}))
        core.close()
        if answer["error"] and answer["error"]["code"] != "rate_limited":
            losses.append(f"{value}: {answer['error']}")
    return losses


def _fill(server: RedisServer, chance: random.Random, count: int) -> None:
    """More than fits in, with times to live of all lengths."""
    answers = RedisAnswers(server, lambda entry: _KEEP_S * chance.random())
    now = SystemClock().now()
    for number in range(count):
        report = {"filler": chance.randbytes(3000).hex()}
        answers.put(f"v3:file:{chance.random()}:{number}", Entry("ok", report, now))
