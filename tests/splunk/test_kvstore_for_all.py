"""With the state in the KV store: users who may not see the key, the queue, and sessions that end."""

from __future__ import annotations

import pytest

from package.splunkd_driver.driver import SearchResult
from tests.fake_clock import FakeClock
from vt_connectors.cache.entry import Entry
from vt_connectors.config.settings import Settings
from vt_connectors.sandbox import SandboxServer

from .draining import counts, drain
from .endpoint_harness import ENDPOINT, KEY, batch, call, codes, lookup_of
from .fake_kvstore import FakeKvStore, Member
from .fake_splunkd import EVERYTHING, SESSION, FakeSplunkd
from .kvstore_parts import Splunkd, parts_of
from .searching import EICAR_MD5, Lookup, md5, normal, statuses

ANSWERS, PENDING = "vt_answers", "vt_pending"


@pytest.fixture
def analysts(splunkd: FakeSplunkd, store: FakeKvStore) -> FakeSplunkd:
    """As default.meta has it: users read answers, and write nothing."""
    splunkd.settings = {**splunkd.settings, "state": "kvstore", "quota": "2/day"}
    hidden = frozenset(store.collections) - {ANSWERS}
    splunkd.kvstore = Member(store, forbidden=frozenset(store.collections), hidden=hidden)
    return splunkd


def search(command: Lookup, splunkd: FakeSplunkd, *values: str) -> SearchResult:
    chunk = [{"x": value} for value in values]
    return command([chunk], "hash=x", "wait=0", session_key=SESSION, splunkd_uri=splunkd.url)


def test_users_without_write_access_are_answered_by_the_endpoint_for_all(
    keyless: Lookup, analysts: FakeSplunkd, store: FakeKvStore, sandbox: SandboxServer
) -> None:
    first = normal(search(keyless, analysts, EICAR_MD5))
    again = normal(search(keyless, analysts, EICAR_MD5))
    assert [result.records[0]["vt_source"] for result in (first, again)] == ["api", "cache"]
    assert len(sandbox.requests) == 1
    kept = store.documents[ANSWERS].values()
    assert [document["indicator"] for document in kept if not document["is_copy"]] == [EICAR_MD5]
    # `| lookup vt_verdicts` finds the file by any of its hashes.
    assert {len(document["indicator"]) for document in kept} == {32, 40, 64}
    assert {document["verdict"] for document in kept} == {"malicious"}
    assert analysts.asked.count(ENDPOINT) == 1
    assert KEY not in repr(store.documents)


def test_what_the_endpoint_leaves_pending_any_search_head_drains(
    keyless: Lookup, analysts: FakeSplunkd, store: FakeKvStore, sandbox: SandboxServer
) -> None:
    values = [md5(number) for number in range(6)]
    assert statuses(search(keyless, analysts, *values)).count("pending") == 4
    assert len(store.documents[PENDING]) == 4
    settings = {**analysts.settings, "quota": "none"}
    with FakeSplunkd(KEY, settings, users={SESSION: EVERYTHING}, kvstore=Member(store)) as other:
        result = drain(keyless, session_key=SESSION, splunkd_uri=other.url)
    assert (counts(result)["asked"], counts(result)["left"]) == (4, 0)
    assert store.documents[PENDING] == {}
    known = normal(search(keyless, analysts, *values))
    assert {record["vt_source"] for record in known.records} == {"cache"}
    assert len(sandbox.requests) == 6


def test_the_endpoint_shares_with_the_whole_cluster(analysts: FakeSplunkd, store: FakeKvStore) -> None:
    assert codes(call(analysts, batch([lookup_of(EICAR_MD5), lookup_of("0" * 32)]))[1]) == ["ok", "not_found"]
    assert {document["status"] for document in store.documents[ANSWERS].values()} == {"ok", "not_found"}


def test_a_session_that_ended_is_followed_by_the_next(store: FakeKvStore) -> None:
    clock, entry = FakeClock(), Entry("not_found", {}, 0.0)
    with FakeSplunkd(users={"old": EVERYTHING, "new": EVERYTHING}, kvstore=Member(store)) as splunkd:
        session = Splunkd(splunkd.url, "old")
        parts = parts_of(session, Settings(), clock)
        parts.answers.put("hash:a", entry)
        del splunkd.users["old"]
        session.use_session_of(Splunkd(splunkd.url, "new"))
        parts.answers.put("hash:b", entry)
        assert set(parts.answers.get_many(["hash:a", "hash:b"])) == {"hash:a", "hash:b"}
