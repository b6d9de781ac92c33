"""A search whose user may not see the key goes through the app's endpoint, and its rows are the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.sandbox import SandboxServer
from connectors.sandbox.accounts import key_digest
from search_driver import Chunk, SearchResult

from .fake_endpoints import FakeEndpoints
from .fake_splunkd import SEES_KEYS, SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, added, md5, normal, only_message, statuses

KEY = "the-key-that-splunkd-keeps"
ANALYST = frozenset(("run_vtlookup",))
PASSWORD, ENDPOINT = "storage/passwords/vtlookup:api_key:", "vtlookup/lookup"


@pytest.fixture
def keyless(lookup: Lookup) -> Lookup:
    """The command without a key in its environment."""
    return lookup.set(VT_API_KEY="", VT_QUOTA="", VT_API_URL="")


@pytest.fixture
def splunkd(keyless: Lookup, sandbox: SandboxServer) -> Iterator[FakeSplunkd]:
    """One with the app's endpoint, and an analyst's session."""
    endpoints = FakeEndpoints(keyless.app, keyless.python, keyless.process_environment)
    settings = {"api_url": sandbox.url, "quota": "none", "never_query": "corp.example"}
    with FakeSplunkd(KEY, settings, users={SESSION: ANALYST}, endpoints=endpoints) as running:
        yield running


def search(command: Lookup, splunkd: FakeSplunkd, *args: str, values: list[str]) -> SearchResult:
    chunks: list[Chunk] = [[{"x": value} for value in values]]
    result = command(chunks, *args, session_key=SESSION, splunkd_uri=splunkd.url)
    seen = [result, splunkd.endpoints and splunkd.endpoints.replies]
    assert KEY not in repr(seen)
    assert SESSION not in repr(seen)
    return result


def test_who_may_not_see_the_key_looks_up_all_the_same(
    keyless: Lookup, sandbox: SandboxServer, splunkd: FakeSplunkd
) -> None:
    values = [EICAR_MD5, "8.8.8.8", "no indicator", "www.corp.example", "0" * 32]
    result = search(keyless, splunkd, "ioc=x", values=values)
    assert statuses(result) == ["ok", "ok", "error", "skipped", "not_found"]
    assert "1 of 5 indicators are not valid" in only_message(result)
    assert {request.key for request in sandbox.requests} == {key_digest(KEY)}
    assert splunkd.asked.count(ENDPOINT) == 1


def test_its_rows_are_those_of_who_may_see_the_key(keyless: Lookup, splunkd: FakeSplunkd) -> None:
    values = [md5(number) for number in range(5)] + [EICAR_MD5]
    brokered = normal(search(keyless, splunkd, "hash=x", "raw=true", "cache=off", values=values))
    splunkd.users[SESSION] = ANALYST | {SEES_KEYS}
    own = normal(search(keyless, splunkd, "hash=x", "raw=true", "cache=off", values=values))
    assert [added(record) for record in brokered.records] == [added(record) for record in own.records]
