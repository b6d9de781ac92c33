"""The contract of every lease store."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.backends.sqlite.leases import SCHEMA, SqliteLeases
from vt_connectors.cache import Entry
from vt_connectors.coalescing import Lease, LeaseStore
from vt_connectors.coalescing.leases import ANSWER_LEFT_S, RESULT_LEFT_S, Result
from vt_connectors.errors import Unavailable

ONE, TWO, THREE = Lease("one", "account of one"), Lease("two", "account of two"), Lease("three")
FOUND = Entry("ok", {"id": "ä" * 1000, "stats": {"total": 3}}, 12.5)
PUBLIC = Entry("ok", {"id": "b"}, 12.5)
FAILED = Result(error=Unavailable("no way", http_status=503, vt_code="TransientError"))


def held(leases: LeaseStore, key: str = "key") -> Lease:
    lease = leases.peek(key)
    assert lease is not None
    return lease


def test_the_first_claims_the_key_and_the_second_sees_the_lease(leases: LeaseStore) -> None:
    assert leases.claim("key", ONE).mine
    seen = leases.claim("key", TWO)
    assert (seen.mine, seen.lease.token, seen.lease.account) == (False, "one", "account of one")
    assert leases.claim("another", TWO).mine


def test_a_released_key_is_free(leases: LeaseStore) -> None:
    leases.claim("key", ONE)
    leases.release("key", "one", None)
    assert leases.peek("key") is None
    seen = leases.claim("key", TWO)
    assert (seen.mine, seen.before) == (True, None)


def test_only_the_holder_releases_and_waits(leases: LeaseStore) -> None:
    leases.claim("key", ONE)
    leases.release("key", "two", None)
    leases.release("key", "two", FAILED)
    leases.waiting("key", "two", True)
    lease = held(leases)
    assert (lease.token, lease.waiting, lease.result) == ("one", False, None)


def test_each_heartbeat_changes_the_lease(leases: LeaseStore) -> None:
    leases.claim("key", ONE)
    seen = [held(leases)]
    for _ in range(3):
        leases.renew(["one"])
        seen.append(held(leases))
        leases.waiting("key", "one", True)
        seen.append(held(leases))
    assert len({lease.beat for lease in seen}) == len(seen)


def test_only_leases_of_live_holders_are_renewed(leases: LeaseStore) -> None:
    for key in ("mine", "also mine", "forgotten"):
        leases.claim(key, Lease(f"token of {key}"))
    before = [held(leases, key).beat for key in ("mine", "also mine", "forgotten")]
    leases.renew(["token of mine", "token of also mine", "of none"])
    leases.renew([])
    after = [held(leases, key).beat for key in ("mine", "also mine", "forgotten")]
    assert [a != b for a, b in zip(before, after)] == [True, True, False]


def test_the_key_of_a_holder_without_heartbeats_is_taken(leases: LeaseStore) -> None:
    leases.claim("key", ONE)
    silent = held(leases)
    leases.renew(["one"])
    assert not leases.claim("key", TWO, dead=silent).mine, "it lives"
    assert leases.claim("key", TWO, dead=held(leases)).mine
    leases.release("key", "one", None)
    leases.renew(["one"])
    assert held(leases) == TWO, "the one that lost it can neither give it away nor keep it alive"
    assert not leases.claim("key", THREE, dead=silent).mine, "that was another holder"


def test_a_holder_marks_that_it_waits(leases: LeaseStore) -> None:
    leases.claim("key", ONE)
    said = []
    for waiting in (True, False):
        leases.waiting("key", "one", waiting)
        said.append(held(leases).waiting)
    assert said == [True, False]


def test_an_error_is_stored_for_a_while_and_blocks_nothing(leases: LeaseStore, clock: FakeClock) -> None:
    leases.claim("key", ONE)
    leases.release("key", "one", FAILED)
    leases.renew(["one"])
    clock.advance(RESULT_LEFT_S - 1)
    left = held(leases)
    assert (left.token, left.account) == ("one", "account of one")
    assert left.result is not None
    assert left.result.error is not None
    assert left.result.error.to_dict() == FAILED.error.to_dict()  # type: ignore[union-attr]
    seen = leases.claim("key", TWO)
    assert (seen.mine, held(leases)) == (True, TWO)
    assert seen.before is not None
    assert seen.before.token == "one"


def test_an_answer_is_left_for_the_same_account_and_for_others(leases: LeaseStore, clock: FakeClock) -> None:
    leases.claim("key", ONE)
    leases.release("key", "one", Result(FOUND, PUBLIC), ANSWER_LEFT_S)
    clock.advance(ANSWER_LEFT_S / 2)
    result = leases.claim("key", TWO).before.result  # type: ignore[union-attr]
    assert result is not None
    assert (result.entry_for(True), result.entry_for(False)) == (FOUND, PUBLIC)
    leases.claim("other", ONE)
    leases.release("other", "one", Result(FOUND, FOUND), ANSWER_LEFT_S)
    result = held(leases, "other").result
    assert result is not None
    assert (result.entry_for(True), result.entry_for(False)) == (FOUND, FOUND)


@pytest.mark.parametrize("step", [-3600.0, 3600.0, 86400.0 * 400])
def test_a_clock_that_is_set_ends_no_lease(leases: LeaseStore, clock: FakeClock, step: float, kind: str) -> None:
    if kind == "redis" and step > 3000:
        pytest.skip("the server ends its keys by its own clock: one that is set forward by an hour ends leases")
    leases.claim("key", ONE)
    clock.step(step)
    assert not leases.claim("key", TWO).mine
    leases.renew(["one"])
    assert held(leases).token == "one"
    leases.release("key", "one", None)
    assert leases.claim("key", TWO).mine


@pytest.mark.parametrize(
    "change",
    ["beat = 'never'", "beat = x'ff'", "account = CAST(x'ff' AS TEXT)", "result = CAST(x'ff' AS TEXT)", "result = 'x'"],
)
def test_a_damaged_row_blocks_nothing_and_has_no_result(tmp_path: Path, clock: FakeClock, change: str) -> None:
    file = SqliteFile(tmp_path / "leases.db", SCHEMA, "WAL")
    leases = SqliteLeases(file, clock)
    leases.claim("key", ONE)
    file.write(lambda db: db.execute(f"UPDATE lease SET {change}"))
    found = leases.peek("key")
    assert found is not None
    assert found.result is None or found.result == Result()
    assert leases.claim("key", TWO, dead=found).mine


def test_an_answer_in_a_damaged_row_is_a_miss(tmp_path: Path, clock: FakeClock) -> None:
    file = SqliteFile(tmp_path / "leases.db", SCHEMA, "WAL")
    leases = SqliteLeases(file, clock)
    for key in ("key", "other"):
        leases.claim(key, ONE)
        leases.release(key, "one", Result(FOUND, FOUND))
    text = file.read(lambda db: db.execute("SELECT result FROM lease WHERE key = 'key'").fetchone()[0])
    for wrong, at in ((text.replace("e", "f", 1), "key"), (text[:-1], "key"), (text, "other")):
        file.execute("UPDATE lease SET result = ? WHERE key = ?", (wrong, at))
        assert held(leases, at).result == Result()


def test_results_do_not_pile_up(tmp_path: Path, clock: FakeClock) -> None:
    file = SqliteFile(tmp_path / "leases.db", SCHEMA, "WAL")
    leases = SqliteLeases(file, clock)
    for number in range(1000):
        clock.advance(0.5)
        leases.claim(f"key {number}", ONE)
        leases.release(f"key {number}", "one", FAILED)
    assert file.read(lambda db: db.execute("SELECT count(*) FROM lease").fetchone()[0]) < 100
