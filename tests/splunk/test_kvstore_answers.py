"""Answers and leases in the KV store: limits and rights are respected, and old documents are deleted."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator

import pytest

from tests.fake_clock import START, FakeClock
from vt_connectors.cache.entry import Entry
from vt_connectors.coalescing.leases import RESULT_LEFT_S, Lease, Result
from vt_connectors.composition import Parts
from vt_connectors.config.settings import settings_from
from vt_connectors.errors import Unavailable
from vt_connectors.state.fallback import StateBusy, StateUnavailable
from vtlookup_app.kvstore.answers import KvAnswers
from vtlookup_app.kvstore.leases import KvLeases
from vtlookup_app.kvstore.parts import ANSWERS, LEASES
from vtlookup_app.kvstore.versions import Versions

from .fake_kvstore import FakeKvStore, Member
from .fake_splunkd import FakeSplunkd
from .kvstore_parts import collection_at, parts_at

FOUND = Entry(
    "ok", {"type": "hash", "indicator": "a" * 32, "stats": {"malicious": 2, "suspicious": 0, "total": 9}}, START
)


@pytest.fixture
def splunkd(store: FakeKvStore) -> Iterator[FakeSplunkd]:
    with FakeSplunkd(kvstore=Member(store)) as splunkd:
        yield splunkd


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _answers(splunkd: FakeSplunkd, clock: FakeClock, keep_s: float = 60.0, chance: float = 1.0) -> KvAnswers:
    return KvAnswers(collection_at(splunkd, ANSWERS), clock, lambda _: keep_s, lambda *_: {}, lambda: chance)


def _parts(splunkd: FakeSplunkd, clock: FakeClock, **variables: str) -> Parts:
    return parts_at(splunkd, settings_from(variables), clock)


def test_thousands_of_keys_are_read_within_the_limits(
    store: FakeKvStore, splunkd: FakeSplunkd, clock: FakeClock
) -> None:
    answers = _answers(splunkd, clock)
    answers.put("key 7", FOUND)
    assert answers.get_many([f"key {number}" for number in range(2600)]) == {"key 7": FOUND}
    assert store.asked.count("POST vt_answers/batch_find") == 6


@pytest.mark.parametrize("key", ["v3:url:http://example.com/?a=1&b=%2F", "v3:url:" + "x" * 9000, "ü 😀", "\ud800"])
def test_any_key_will_do(splunkd: FakeSplunkd, clock: FakeClock, key: str) -> None:
    answers = _answers(splunkd, clock)
    answers.put(key, FOUND)
    assert answers.get(key) == FOUND
    answers.forget(key)
    assert answers.get(key) is None


def test_an_entry_that_the_store_rejects_is_not_cached(
    store: FakeKvStore, splunkd: FakeSplunkd, clock: FakeClock
) -> None:
    answers = _answers(splunkd, clock)
    noise = base64.b64encode(os.urandom(13_000_000)).decode()
    answers.put("large", Entry("ok", {"raw": noise}, START))
    assert answers.get("large") is None
    answers.put("small", FOUND)
    assert answers.get("small") == FOUND


@pytest.mark.parametrize("content", [None, "", "no base64", base64.b64encode(b"[1]").decode(), 7])
def test_an_unreadable_entry_is_a_miss(
    store: FakeKvStore, splunkd: FakeSplunkd, clock: FakeClock, content: object
) -> None:
    answers = _answers(splunkd, clock)
    answers.put("key", FOUND)
    (document,) = store.documents[ANSWERS].values()
    store.put(ANSWERS, {**document, "content": content})
    assert answers.get("key") is None
    answers.put("key", FOUND)
    assert answers.get("key") == FOUND


def test_now_and_then_a_write_sweeps_what_is_too_old_and_never_all_at_once(
    store: FakeKvStore, splunkd: FakeSplunkd, clock: FakeClock
) -> None:
    for number in range(1500):
        store.put(ANSWERS, {"_key": f"{number}", "expires": START - 2000 + number})
    _answers(splunkd, clock, chance=0.5).put("key", FOUND)
    assert len(store.documents[ANSWERS]) == 1501
    sweeping = _answers(splunkd, clock, chance=0.001)
    sweeping.put("key", FOUND)
    assert len(store.documents[ANSWERS]) == 501
    sweeping.put("key", FOUND)
    assert sweeping.get("key") == FOUND
    assert len(store.documents[ANSWERS]) == 1
    clock.advance(61)
    sweeping.put("another", FOUND)
    assert sweeping.get("key") is None


def test_a_user_without_write_access_reads_with_one_warning(
    store: FakeKvStore, splunkd: FakeSplunkd, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    _answers(splunkd, clock).put("key", FOUND)
    with FakeSplunkd(kvstore=Member(store, forbidden=frozenset([ANSWERS]))) as other:
        reader = _answers(other, clock)
        for _ in range(2):
            reader.put("key", Entry("not_found", {}, START))
        assert reader.get("key") == FOUND
    assert [record.getMessage() for record in caplog.records] == [
        "you may not use the KV store's collection vt_answers: your role needs write access; "
        "new answers are not cached there"
    ]


def test_the_plain_verdict_uses_the_thresholds_of_the_caller(
    store: FakeKvStore, splunkd: FakeSplunkd, clock: FakeClock
) -> None:
    key, verdicts = f"v3:hash:{'a' * 32}", []
    for threshold in ("2", "3"):
        _parts(splunkd, clock, VT_MALICIOUS_THRESHOLD=threshold).answers.put(key, FOUND)
        (document,) = store.documents[ANSWERS].values()
        verdicts.append(document["verdict"])
    assert verdicts == ["malicious", "suspicious"]


def test_what_is_no_report_on_an_indicator_has_no_plain_fields(
    store: FakeKvStore, splunkd: FakeSplunkd, clock: FakeClock
) -> None:
    _parts(splunkd, clock).answers.put(f"v3:comments:hash:{'a' * 32}", FOUND)
    (document,) = store.documents[ANSWERS].values()
    assert not {"indicator", "type", "verdict", "malicious"} & set(document)


def test_a_session_that_has_ended_is_reported(splunkd: FakeSplunkd, clock: FakeClock) -> None:
    with pytest.raises(StateUnavailable, match="does not accept this search's session"):
        parts_at(splunkd, settings_from({}), clock, session="another").answers.get("key")


def test_a_store_that_is_not_there_is_reported(clock: FakeClock) -> None:
    with FakeSplunkd(kvstore=Member(FakeKvStore())) as gone:
        answers = _answers(gone, clock)
    with pytest.raises(StateUnavailable, match=r"Splunk's KV store cannot be used \(ConnectionRefusedError\)"):
        answers.get("key")


def test_a_lease_is_one_holders_though_its_member_does_not_show_it_yet(store: FakeKvStore, clock: FakeClock) -> None:
    with FakeSplunkd(kvstore=Member(store)) as captain, FakeSplunkd(kvstore=Member(store, lag_s=0.3)) as behind:
        ours, theirs = _parts(captain, clock).leases, _parts(behind, clock).leases
        assert ours.claim("key", Lease("one")).mine
        seen = theirs.claim("key", Lease("two"))
        assert (seen.mine, seen.lease.token) == (False, "one")


def test_a_lease_that_stays_out_of_sight_is_reported(store: FakeKvStore, clock: FakeClock) -> None:
    with FakeSplunkd(kvstore=Member(store)) as captain, FakeSplunkd(kvstore=Member(store, lag_s=30.0)) as behind:
        _parts(captain, clock).leases.claim("key", Lease("one"))
        late = KvLeases(Versions(collection_at(behind, LEASES)), clock, patience_s=0.1)
        with pytest.raises(StateBusy):
            late.claim("key", Lease("two"))


def test_leases_do_not_pile_up_and_stay_for_as_long_as_a_member_may_be_behind(
    store: FakeKvStore, splunkd: FakeSplunkd, clock: FakeClock
) -> None:
    leases = _parts(splunkd, clock).leases
    for number in range(65):
        leases.claim(f"key {number}", Lease(f"token {number}"))
        leases.release(f"key {number}", f"token {number}", None)
        clock.advance(RESULT_LEFT_S)
    assert len(store.documents[LEASES]) == 65
    clock.advance(3601)
    for number in range(64):
        leases.claim(f"key {number}", Lease(f"later {number}"))
        leases.release(f"key {number}", f"later {number}", Result(error=Unavailable("no way")))
    assert len(store.documents[LEASES]) == 64


@pytest.mark.parametrize("damage", [{"beat": "never"}, {"beat": None}, {"token": None, "done": True, "result": "no"}])
def test_a_damaged_lease_blocks_nothing(
    store: FakeKvStore, splunkd: FakeSplunkd, clock: FakeClock, damage: dict[str, object]
) -> None:
    leases = _parts(splunkd, clock).leases
    leases.claim("key", Lease("one"))
    (document,) = store.documents[LEASES].values()
    store.put(LEASES, {**document, **damage})
    assert leases.claim("key", Lease("two")).mine
