"""The state in the KV store, as searches use it: `VT_STATE=kvstore`."""

from __future__ import annotations

import pytest

from package.splunkd_driver.driver import SearchResult
from vt_connectors.sandbox import SandboxServer

from .fake_kvstore import FakeKvStore, Member
from .fake_splunkd import SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, md5, normal, only_message, statuses

LEDGERS, ANSWERS = "vt_ledgers", "vt_answers"


@pytest.fixture
def in_kvstore(lookup: Lookup) -> Lookup:
    return lookup.set(VT_STATE="kvstore", VT_QUOTA="100/minute")


def search(command: Lookup, splunkd: FakeSplunkd, *values: str) -> SearchResult:
    return command([[{"x": value} for value in values]], "hash=x", session_key=SESSION, splunkd_uri=splunkd.url)


def test_search_heads_share_what_they_learn(in_kvstore: Lookup, store: FakeKvStore, sandbox: SandboxServer) -> None:
    sources = []
    for _ in range(2):
        with FakeSplunkd(kvstore=Member(store)) as splunkd:
            result = normal(search(in_kvstore, splunkd, EICAR_MD5))
            sources.append(result.records[0]["vt_source"])
    assert sources == ["api", "cache"]
    assert len(sandbox.requests) == 1
    assert not (in_kvstore.home / "var/lib").exists()


def test_it_is_a_setting_of_the_app(everywhere: Lookup, store: FakeKvStore) -> None:
    command = everywhere.set(VT_QUOTA="")
    with FakeSplunkd(settings={"state": "kvstore"}, kvstore=Member(store)) as splunkd:
        normal(search(command, splunkd, EICAR_MD5))
    assert sum(not document["is_copy"] for document in store.documents[ANSWERS].values()) == 1
    assert store.documents[LEDGERS]


def test_many_known_values_are_read_in_few_requests(in_kvstore: Lookup, store: FakeKvStore) -> None:
    values = [md5(number) for number in range(25)]
    with FakeSplunkd(kvstore=Member(store)) as splunkd:
        normal(search(in_kvstore, splunkd, *values))
        before = len(store.asked)
        result = normal(search(in_kvstore, splunkd, *values))
        assert {record["vt_source"] for record in result.records} == {"cache"}
        assert len(store.asked) == before + 1


def test_what_is_known_stands_there_in_plain_fields(in_kvstore: Lookup, store: FakeKvStore) -> None:
    with FakeSplunkd(kvstore=Member(store)) as splunkd:
        result = normal(search(in_kvstore, splunkd, EICAR_MD5.upper(), "0" * 32))
    known = {document["indicator"]: document for document in store.documents[ANSWERS].values()}
    eicar, record = known[EICAR_MD5], result.records[0]
    assert {name: str(eicar[name]) for name in ("type", "verdict", "malicious", "total", "label", "status")} == {
        name: record[f"vt_{name}"] for name in ("type", "verdict", "malicious", "total", "label", "status")
    }
    assert (known["0" * 32]["verdict"], known["0" * 32]["status"]) == ("unknown", "not_found")


def test_neither_key_nor_session_is_in_the_store(in_kvstore: Lookup, store: FakeKvStore) -> None:
    with FakeSplunkd(kvstore=Member(store)) as splunkd:
        normal(search(in_kvstore, splunkd, EICAR_MD5))
    assert "test-key" not in repr(store.documents)
    assert SESSION not in repr(store.documents)


def test_a_user_who_may_not_write_the_quota_sends_no_request_but_reads(
    in_kvstore: Lookup, store: FakeKvStore, sandbox: SandboxServer
) -> None:
    with FakeSplunkd(kvstore=Member(store)) as splunkd:
        normal(search(in_kvstore, splunkd, EICAR_MD5))
    with FakeSplunkd(kvstore=Member(store, forbidden=frozenset(store.collections))) as splunkd:
        result = search(in_kvstore, splunkd, EICAR_MD5, md5(1))
    assert statuses(result) == ["ok", "error"]
    assert "your role needs write access" in result.records[1]["vt_error"]
    assert "no request is sent without the quota record" in only_message(result)
    assert len(sandbox.requests) == 1


def test_a_store_that_is_not_ready_is_reported_and_the_rows_are_answered(
    in_kvstore: Lookup, store: FakeKvStore, sandbox: SandboxServer
) -> None:
    store.busy = True
    with FakeSplunkd(kvstore=Member(store)) as splunkd:
        # What other search heads were granted is not known: a window is waited out.
        result = search(in_kvstore.set(VT_QUOTA="8/2s"), splunkd, EICAR_MD5, md5(1))
        # One finds it unavailable, and the others fail at once.
        assert len(store.asked) <= 3
    assert statuses(result) == ["ok", "ok"]
    assert "Splunk's KV store cannot be used (HTTP 503): working without the shared cache" in only_message(result)
    assert "share a quarter of the quota" in only_message(result)


def test_an_app_without_the_collections_is_reported(in_kvstore: Lookup) -> None:
    with FakeSplunkd(kvstore=Member(FakeKvStore(collections=()))) as splunkd:
        result = search(in_kvstore.set(VT_QUOTA="8/2s"), splunkd, EICAR_MD5)
    assert "vt_answers: HTTP 404" in only_message(result)


def test_outside_of_splunk_it_is_a_wrong_setting(in_kvstore: Lookup, sandbox: SandboxServer) -> None:
    result = in_kvstore([[{"x": EICAR_MD5}]], "hash=x")
    assert "config_error: VT_STATE: kvstore is only available" in result.records[0]["vt_error"]
    assert sandbox.requests == []
