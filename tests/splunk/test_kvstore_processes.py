"""Eight searches on three search heads of a cluster share one cache and one quota, which VirusTotal enforces."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from package.splunkd_driver.driver import SearchResult
from vt_connectors.sandbox import Quota, SandboxServer

from .fake_kvstore import FakeKvStore, Member
from .fake_splunkd import SESSION, FakeSplunkd
from .searching import Lookup, md5

PROCESSES = 8
# For three windows of the quota.
HASHES = [md5(number) for number in range(14)]
# The quota of the searches, which the server enforces exactly. Clocks that may differ add 2 seconds.
LIMIT, SECONDS = 6, 1.5
# Of the three members: how far behind the captain each is.
LAGS_S = (0.0, 0.05, 0.2)


@pytest.fixture
def strict() -> Iterator[SandboxServer]:
    quota = Quota(windows=((LIMIT, SECONDS),), per_day=None, per_month=None)
    with SandboxServer(quota, latency_s=0.05) as server:
        yield server


@pytest.mark.timeout(600)
def test_each_hash_is_asked_once_and_no_request_is_refused(lookup: Lookup, strict: SandboxServer) -> None:
    command = lookup.set(VT_STATE="kvstore", VT_API_URL=strict.url, VT_QUOTA=f"{LIMIT}/{SECONDS}s")
    store = FakeKvStore(latency_s=0.005)
    results: dict[int, SearchResult] = {}
    with ExitStack() as stack:
        heads = [stack.enter_context(FakeSplunkd(kvstore=Member(store, lag_s))) for lag_s in LAGS_S]

        def search(number: int) -> None:
            own = HASHES[number * 2 :] + HASHES[: number * 2]
            results[number] = command(
                [[{"x": value} for value in own]],
                "hash=x",
                "wait=250",
                session_key=SESSION,
                splunkd_uri=heads[number % len(heads)].url,
            )

        searches = [threading.Thread(target=search, args=(number,)) for number in range(PROCESSES)]
        for each in searches:
            each.start()
        for each in searches:
            each.join()
    assert strict.refused == 0
    assert Counter(request.path.rpartition("/")[2] for request in strict.requests) == dict.fromkeys(HASHES, 1)
    for result in results.values():
        assert (result.complete, result.exit_code, result.stderr, result.messages) == (True, 0, "", [])
        assert {record["x"] for record in result.records} == set(HASHES)
        assert {record["vt_status"] for record in result.records} <= {"ok", "not_found"}
    assert len(results) == PROCESSES
    assert store.over == []
