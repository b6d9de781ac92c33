"""The contract of every lease book."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.cache.sqlite import SCHEMA
from connectors.coalescing import LeaseBook, SqliteLeases
from connectors.coalescing.leases import ERROR_LEFT_S, LEASE_S
from connectors.state.sqlite_file import SqliteFile
from tests.fake_clock import FakeClock


def test_the_first_has_the_key_and_the_second_sees_whose_it_is(leases: LeaseBook) -> None:
    assert leases.claim("key", "one").mine
    seen = leases.claim("key", "two")
    assert (seen.mine, seen.lease.token) == (False, "one")
    assert leases.claim("another", "two").mine


def test_what_is_released_is_free(leases: LeaseBook) -> None:
    leases.claim("key", "one")
    leases.release("key", "one", None)
    assert leases.peek("key") is None
    assert leases.claim("key", "two").mine


def test_only_the_holder_releases_and_waits(leases: LeaseBook) -> None:
    leases.claim("key", "one")
    leases.release("key", "two", None)
    leases.release("key", "two", "{}")
    leases.waiting("key", "two", True)
    lease = leases.peek("key")
    assert lease is not None
    assert (lease.token, lease.waiting, lease.error) == ("one", False, None)


def test_a_silent_holder_loses_the_key(leases: LeaseBook, clock: FakeClock) -> None:
    leases.claim("key", "one")
    clock.advance(LEASE_S - 0.1)
    assert not leases.claim("key", "two").mine
    clock.advance(0.2)
    assert leases.peek("key") is None
    assert leases.claim("key", "two").mine
    leases.release("key", "one", None)
    assert not leases.claim("key", "three").mine, "the one who lost it cannot give it away"


def test_a_living_holder_keeps_it_and_only_what_it_holds_is_renewed(leases: LeaseBook, clock: FakeClock) -> None:
    for key in ("mine", "also mine", "forgotten"):
        leases.claim(key, f"token of {key}")
    for _ in range(10):
        clock.advance(LEASE_S - 1)
        leases.renew(["token of mine", "token of also mine"])
    assert not leases.claim("mine", "two").mine
    assert not leases.claim("also mine", "two").mine
    assert leases.claim("forgotten", "two").mine
    leases.renew([])


def test_one_who_lost_it_does_not_keep_it_alive_for_the_next(leases: LeaseBook, clock: FakeClock) -> None:
    leases.claim("key", "one")
    clock.advance(LEASE_S + 0.1)
    leases.claim("key", "two")
    clock.advance(LEASE_S - 1)
    leases.renew(["one"])
    clock.advance(2)
    assert leases.claim("key", "three").mine


def test_a_holder_says_that_it_waits(leases: LeaseBook) -> None:
    leases.claim("key", "one")
    said = []
    for waiting in (True, False):
        leases.waiting("key", "one", waiting)
        lease = leases.peek("key")
        assert lease is not None
        said.append(lease.waiting)
    assert said == [True, False]


def test_an_error_is_left_for_a_while_and_hinders_nobody(leases: LeaseBook, clock: FakeClock) -> None:
    leases.claim("key", "one")
    leases.release("key", "one", '{"code": "unavailable"}')
    leases.renew(["one"])
    clock.advance(ERROR_LEFT_S - 0.1)
    lease = leases.peek("key")
    assert lease is not None
    assert lease.error == '{"code": "unavailable"}'
    clock.advance(0.2)
    assert leases.peek("key") is None
    leases.claim("other", "one")
    leases.release("other", "one", "{}")
    assert leases.claim("other", "two").mine
    lease = leases.peek("other")
    assert lease is not None
    assert (lease.token, lease.error) == ("two", None)


def test_a_lease_from_the_future_is_free(leases: LeaseBook, clock: FakeClock) -> None:
    leases.claim("key", "one")
    clock.step(-3600)
    assert leases.peek("key") is None, "nobody waits for its holder"
    assert leases.claim("key", "two").mine


@pytest.mark.parametrize("change", ["expires = 'never'", "expires = x'ff'", "error = CAST(x'ff' AS TEXT)"])
def test_a_damaged_row_holds_nobody_up(tmp_path: Path, clock: FakeClock, change: str) -> None:
    file = SqliteFile(tmp_path / "state.db", SCHEMA, "WAL")
    leases = SqliteLeases(file, clock)
    leases.claim("key", "one")
    file.write(lambda db: db.execute(f"UPDATE lease SET {change}"))
    leases.peek("key")
    assert leases.claim("key", "two").mine


def test_failures_do_not_pile_up_in_the_file(tmp_path: Path, clock: FakeClock) -> None:
    file = SqliteFile(tmp_path / "state.db", SCHEMA, "WAL")
    leases = SqliteLeases(file, clock)
    for number in range(1000):
        clock.advance(0.5)
        leases.claim(f"key {number}", "one")
        leases.release(f"key {number}", "one", "{}")
    assert file.read(lambda db: db.execute("SELECT count(*) FROM lease").fetchone()[0]) < 100
