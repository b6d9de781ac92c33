"""Answers in Redis: their lifetime, their clock, and keys of other programs."""

from __future__ import annotations

import zlib

import pytest

from tests.fake_clock import START, FakeClock
from tests.redis_process import RedisProcess
from vt_connectors.backends.redis.answers import RedisAnswers
from vt_connectors.backends.redis.server import PREFIX, RedisServer
from vt_connectors.cache import Entry, Freshness
from vt_connectors.clock import SystemClock

DAY = 86400.0
FOUND = Entry("ok", {"stats": {"total": 70}}, START)
UNKNOWN = Entry("not_found", {}, START)


@pytest.mark.parametrize(
    ("entry", "freshness", "seconds"),
    [
        (FOUND, Freshness(60, 600), 30 * DAY),
        (FOUND, Freshness(90 * DAY, 600), 90 * DAY),
        (UNKNOWN, Freshness(DAY, 600), 600),
        (Entry("ok", {"stats": {"total": 0}}, START), Freshness(DAY, 600), 600),
        (UNKNOWN, Freshness(DAY, 0), 0.001),
    ],
)
def test_an_answer_is_stored_as_long_as_any_setting_accepts_it(
    redis_server: RedisServer, entry: Entry, freshness: Freshness, seconds: float
) -> None:
    RedisAnswers(redis_server, freshness.longest_s).put("key", entry)
    left = redis_server.call("PTTL", PREFIX + "answer:key") / 1000
    assert seconds - 20 < max(left, 0) <= seconds


@pytest.mark.parametrize(("ahead", "behind"), [(0.0, 7200.0), (-900.0, 900.0), (3.0, -86400.0)])
def test_machines_whose_clocks_differ_agree_on_an_answers_age(
    redis_process: RedisProcess, ahead: float, behind: float
) -> None:
    real = SystemClock()
    one, other = FakeClock(real.now() + ahead), FakeClock(real.now() - behind)
    RedisAnswers(redis_process.server(one), lambda _: 60.0).put("key", Entry("ok", {}, one.now() - 30))
    answers = RedisAnswers(redis_process.server(other), lambda _: 60.0)
    entry = answers.get("key")
    assert entry is not None
    assert other.now() - entry.fetched_at == pytest.approx(30, abs=2.5)
    [(_, _, listed)] = answers.keys(5)
    assert listed == entry.fetched_at


def test_only_answers_are_cleared_listed_and_counted(redis_server: RedisServer) -> None:
    answers = RedisAnswers(redis_server, lambda _: 60.0)
    others = ("somebody's", PREFIX + "ledger:a", PREFIX + "lease:a", "vt-connectors:0:answer:a")
    for name in others:
        redis_server.call("SET", name, "theirs")
    answers.put("mine", FOUND)
    assert (answers.stats()["entries"], len(answers.keys(9))) == (1, 1)
    assert answers.clear() == 1
    assert [redis_server.call("GET", name) for name in others] == [b"theirs"] * 4


def test_many_answers_are_walked_through_step_by_step(redis_server: RedisServer) -> None:
    answers = RedisAnswers(redis_server, lambda _: 60.0)
    for number in range(1500):
        answers.put(f"key {number}", Entry("ok", {}, START + number))
    stats = answers.stats()
    assert stats["entries"] == 1500
    assert stats["bytes"] > 1500 * 20
    assert [key for key, _, _ in answers.keys(2)] == ["key 1499", "key 1498"]
    assert answers.clear() == 1500
    assert "cmdstat_keys" not in redis_server.call("INFO", "commandstats"), "it would hold up everybody else"


@pytest.mark.parametrize(
    "value", [b"", b"ok 1.0", b"ok now\n" + FOUND.to_bytes(), b"ok 1.0\nnothing", b"\xff\xfe", zlib.compress(b"[]")]
)
def test_a_value_that_is_no_answer_is_a_miss_and_is_not_listed(redis_server: RedisServer, value: bytes) -> None:
    answers = RedisAnswers(redis_server, lambda _: 60.0)
    redis_server.call("SET", PREFIX + "answer:key", value)
    assert [key for key, _, _ in answers.keys(9)] == (["key"] if value.startswith(b"ok 1.0") else [])
    assert answers.get("key") is None
    assert redis_server.call("EXISTS", PREFIX + "answer:key") == 0
    answers.put("key", FOUND)
    assert answers.get("key") == FOUND
