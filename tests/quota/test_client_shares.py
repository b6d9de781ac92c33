"""Shares through a limiter, with every ledger store: registration, figures, refusals, and what a process remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.backends.sqlite.ledgers import SqliteLedgers
from vt_connectors.backends.sqlite.substitute import RejoiningLedgers, SubstituteLedgers, readable
from vt_connectors.errors import ConfigError, RateLimited
from vt_connectors.quota import parse_quota
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.ledger_store import LedgerStore
from vt_connectors.quota.limiter import Limiter
from vt_connectors.quota.refused import Refused
from vt_connectors.quota.waiters import Claim
from vt_connectors.state.fallback import Fallback
from vt_connectors.state.heartbeat import Heartbeat

from .conftest import MakeLimiter

A, B, OTHER = Claim("token:a"), Claim("token:b"), Claim("another process")


def _grants(limiter: Limiter, clock: FakeClock, claim: Claim | None, times: int, keep: int = 0) -> int:
    """How many of so many requests are answered now."""
    for done in range(times):
        try:
            with limiter.slot(clock.monotonic(), claim=claim, keep=keep) as slot:
                slot.answered()
        except RateLimited:
            return done
    return times


def _refusal(limiter: Limiter, clock: FakeClock, claim: Claim | None, keep: int = 0) -> RateLimited:
    with pytest.raises(RateLimited) as caught, limiter.slot(clock.monotonic(), claim=claim, keep=keep):
        pytest.fail("there was quota")
    return caught.value


def test_processes_that_know_nothing_of_shares_obey_them(limiter: MakeLimiter, clock: FakeClock) -> None:
    server, runner = limiter("10/day,100/month"), limiter("10/day")
    server.shares.register({"token:a": 30, "token:b": 20})
    assert _grants(runner, clock, None, 10) == 5
    assert _grants(server, clock, A, 10) == 3
    assert _grants(server, clock, B, 10) == 2
    assert _grants(server, clock, A, 10) == 0


def test_the_figures_of_each_client(limiter: MakeLimiter, clock: FakeClock) -> None:
    server = limiter("4/minute,10/day,100/month")
    server.shares.register({"token:a": 30, "token:b": 0})
    assert _grants(server, clock, A, 2) == 2
    assert _grants(server, clock, B, 1) == 1
    assert server.shares.usage() == {
        "token:a": {
            "share": 30,
            "waiting": 0,
            "windows": {
                "day": {"used": 2, "guaranteed": 3, "limit": 10},
                "month": {"used": 2, "guaranteed": 30, "limit": 100},
            },
        },
        "token:b": {
            "share": 0,
            "waiting": 0,
            "windows": {
                "day": {"used": 1, "guaranteed": 0, "limit": 10},
                "month": {"used": 1, "guaranteed": 0, "limit": 100},
            },
        },
    }


def test_the_figures_change_nothing(limiter: MakeLimiter, ledgers: LedgerStore, clock: FakeClock) -> None:
    server = limiter("10/day")
    server.shares.register({"token:a": 30})
    clock.advance(2 * 86400)
    before = ledgers.peek("a key")[0].to_json()
    assert server.shares.usage() == {}
    assert ledgers.peek("a key")[0].to_json() == before


def test_a_request_that_was_not_sent_is_not_the_clients(limiter: MakeLimiter, clock: FakeClock) -> None:
    server = limiter("10/day")
    server.shares.register({"token:a": 10, "token:b": 90})
    with server.slot(clock.monotonic(), claim=A) as slot:
        slot.never_sent()
    assert server.shares.usage()["token:a"]["windows"]["day"]["used"] == 0
    assert _grants(server, clock, A, 5) == 1


def test_a_client_whose_share_is_used_up_is_told_so(limiter: MakeLimiter, clock: FakeClock) -> None:
    server = limiter("10/day")
    server.shares.register({"token:a": 30, "token:b": 20})
    assert _grants(server, clock, A, 10) == 8
    error = _refusal(server, clock, A)
    assert error.message == (
        "the share of token:a in the quota of this day is used up (3 requests); what is left of the quota of this day "
        "(2 requests) is reserved for the shares of other clients; the next day begins in "
        f"{round(error.retry_after or 0)} s"
    )
    assert error.details == {
        "source": "local",
        "window": "day",
        "reserved": 2,
        "share": {"client": "token:a", "percent": 30, "guaranteed": 3, "used": 8},
    }


def test_a_client_without_a_share_is_told_that_the_rest_is_reserved(limiter: MakeLimiter, clock: FakeClock) -> None:
    server = limiter("10/day")
    server.shares.register({"token:a": 100, "token:b": 0})
    for claim in (None, OTHER, B):
        error = _refusal(server, clock, claim)
        assert error.message.startswith(
            "what is left of the quota of this day (10 requests) is reserved for the shares"
        )
        assert error.details == {"source": "local", "window": "day", "reserved": 10}


def test_a_full_window_is_refused_as_without_shares(limiter: MakeLimiter, clock: FakeClock) -> None:
    server = limiter("2/day")
    server.shares.register({"token:a": 100})
    assert _grants(server, clock, A, 5) == 2
    assert _refusal(server, clock, A).details == {"source": "local", "window": "day"}


def test_a_drain_is_refused_for_its_own_reserve_first(limiter: MakeLimiter, clock: FakeClock) -> None:
    server = limiter("20/day")
    server.shares.register({"token:a": 50})
    assert _grants(server, clock, None, 20, keep=15) == 5
    assert _refusal(server, clock, None, keep=15).details == {"source": "local", "window": "day", "reserved": 15}
    assert _grants(server, clock, None, 20, keep=5) == 5
    assert _refusal(server, clock, None, keep=5).details == {"source": "local", "window": "day", "reserved": 10}


def test_a_remembered_refusal_for_want_of_a_share_is_for_that_client_only(
    limiter: MakeLimiter, clock: FakeClock
) -> None:
    server = limiter("10/day")
    server.shares.register({"token:a": 50})
    refused = Refused(server, clock)
    assert _grants(server, clock, OTHER, 10) == 5
    refused.remember(_refusal(server, clock, OTHER))
    found = refused.refusal(clock.monotonic(), OTHER)
    assert found is not None
    assert found.error.details == {"source": "local", "window": "day", "reserved": 5}
    assert refused.refusal(clock.monotonic(), A) is None
    assert _grants(server, clock, A, 1) == 1
    assert refused.refusal(clock.monotonic(), OTHER) is not None


@pytest.mark.parametrize("percents", [{"token:a": 60, "token:b": 41}, {"token:a": 101}, {"token:a": -1}])
def test_invalid_shares_are_a_config_error_and_change_nothing(limiter: MakeLimiter, percents: dict[str, int]) -> None:
    server = limiter("10/day")
    server.shares.register({"token:a": 40})
    with pytest.raises(ConfigError, match=r"shares of the quota: .*%|percent"):
        server.shares.register(percents)
    assert {client: figures["share"] for client, figures in server.shares.usage().items()} == {"token:a": 40}


def test_shares_and_counts_outlive_the_process(tmp_path: Path, limiter: MakeLimiter, clock: FakeClock) -> None:
    def process() -> Limiter:
        return limiter("10/day", given=SqliteLedgers(tmp_path / "own.db", clock))

    first = process()
    first.shares.register({"token:a": 50})
    assert _grants(first, clock, A, 2) == 2
    again = process()
    assert _grants(again, clock, OTHER, 10) == 5
    assert again.shares.usage()["token:a"]["windows"]["day"]["used"] == 2


def test_the_record_of_an_earlier_version_gets_shares(limiter: MakeLimiter, ledgers: LedgerStore) -> None:
    def earlier(ledger: Ledger, now: float) -> None:
        ledger.used["day"]["2026-01-02"] = 4

    ledgers.transact("a key", earlier)
    server = limiter("10/day")
    server.shares.register({"token:a": 50})
    assert server.usage()["day"]["used"] == 4


def test_a_readable_record_that_cannot_be_written_leaves_its_shares_to_the_substitute(
    tmp_path: Path, clock: FakeClock
) -> None:
    shared = SqliteLedgers(tmp_path / "quota.db", clock)
    substitute = SubstituteLedgers(tmp_path / "substitute.db", clock, readable(shared))
    joined = RejoiningLedgers(shared, substitute, clock)
    parsed = parse_quota("40/day")

    def limiter(ledgers: LedgerStore) -> Limiter:
        alone = Fallback[LedgerStore](ledgers, MemoryLedgers(clock), clock, "alone")
        return Limiter(alone, "a", lambda: parsed, clock, Heartbeat())

    here = limiter(joined)
    here.shares.register({"token:a": 50})
    assert _grants(here, clock, A, 3) == 3
    assert _grants(limiter(substitute), clock, OTHER, 40) == 20
    assert _grants(limiter(substitute), clock, A, 2) == 2
    assert here.usage()["day"]["used"] == 25
    assert here.shares.usage()["token:a"]["windows"]["day"]["used"] == 5
