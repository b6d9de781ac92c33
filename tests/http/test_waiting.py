"""Threads that wait for quota leave others for what the cache answers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from vt_connectors.adapters.http.callers import Caller
from vt_connectors.adapters.http.listening import Limits
from vt_connectors.adapters.http.messages import Refused
from vt_connectors.adapters.http.waiting_places import WaitingPlaces

from .serving import KnownTokens, Serving, serving

EICAR = "44d88612fea8a8f36de82e1278abb02f"
PATIENT = KnownTokens({name: Caller(name, longest_wait_s=86400.0) for name in ("vtc_a", "vtc_b", "vtc_c")})
_THREADS = 8


def _lookup(value: str, **options: Any) -> dict[str, Any]:
    return {"action": "lookup_hash", "params": {"hash": value}, "options": options}


def _until(condition: Any) -> None:
    waited = threading.Event()
    while not condition():
        waited.wait(0.01)


def _wait_in_threads(server: Serving, count: int) -> list[threading.Thread]:
    """Requests that wait for quota, each in a thread."""
    threads = [
        threading.Thread(target=server.run, args=(_lookup(f"{number:064x}", max_wait_s=86400), "vtc_a"), daemon=True)
        for number in range(1, count + 1)
    ]
    for thread in threads:
        thread.start()
    _until(lambda: server.service.places.taken == min(count, _THREADS // 2))
    return threads


def test_a_cached_answer_does_not_queue_behind_requests_that_wait_for_quota(tmp_path: Path) -> None:
    with serving(tmp_path, quota="1/3600s", tokens=PATIENT, limits=Limits(threads=_THREADS)) as server:
        assert server.run(_lookup(EICAR), "vtc_b")["meta"]["source"] == "api"
        _wait_in_threads(server, _THREADS // 2)
        assert server.run(_lookup(EICAR), "vtc_b")["meta"]["source"] == "cache"
        server.clock.cancel()


def test_with_half_of_the_threads_waiting_the_next_is_told_when_to_return(tmp_path: Path) -> None:
    with serving(tmp_path, quota="1/3600s", tokens=PATIENT, limits=Limits(threads=_THREADS)) as server:
        server.run(_lookup(EICAR), "vtc_b")
        _wait_in_threads(server, _THREADS // 2)
        refused = server.run(_lookup("f" * 64, max_wait_s=86400), "vtc_c")
        server.clock.cancel()
    assert refused["error"]["code"] == "rate_limited"
    assert refused["error"]["retry_after_s"] > 0


def test_a_client_that_floods_the_server_leaves_places_for_clients_that_have_none() -> None:
    places = WaitingPlaces(64)
    with contextlib.ExitStack() as held:
        with contextlib.suppress(Refused):
            while True:
                held.enter_context(places.place("flood"))
        assert places.taken == 28
        assert [held.enter_context(places.place(name)) for name in ("a", "b", "c", "d", "e")] == [True] * 4 + [False]
        with pytest.raises(Refused):
            held.enter_context(places.place("flood"))
    assert places.taken == 0
    with places.place("flood") as may_wait:
        assert may_wait


def test_beside_a_client_that_floods_the_server_another_waits_for_few_requests(tmp_path: Path) -> None:
    settings: Any = {"quota": "2/second,900/day", "tokens": PATIENT, "limits": Limits(threads=32)}
    with serving(tmp_path, **settings) as server, _flooded_by(server, "vtc_a"):
        for number in range(3):
            assert _requests_before(server, f"{number:032x}", "vtc_b") <= 3, "the clients, and one"


def _requests_before(server: Serving, value: str, token: str) -> int:
    """How many requests are sent from when this lookup waits for quota until it is sent."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.run, _lookup(value, max_wait_s=600), token)
        _until(lambda: _waits(server, f"token:{token}") or answer.done())
        before = len(server.sandbox.requests)
        assert answer.result()["error"] is None
    return [request.path for request in server.sandbox.requests].index(f"/api/v3/files/{value}") - before


@contextlib.contextmanager
def _flooded_by(server: Serving, token: str) -> Iterator[None]:
    """While more of its requests come than there are threads."""
    numbers, is_over = count(1), threading.Event()

    def flood() -> None:
        while not is_over.is_set():
            document = _lookup(f"{next(numbers):064x}", max_wait_s=600)
            server.call("POST", "/v1/run", token, json=document)
            # The refused ones come again soon.
            is_over.wait(0.2)

    with ThreadPoolExecutor(48) as pool:
        calls = [pool.submit(flood) for _ in range(48)]
        try:
            _until(lambda: server.service.places.taken >= 14)
            yield
        finally:
            is_over.set()
            server.clock.cancel()
    assert [call.exception() for call in calls] == [None] * 48


def _waits(server: Serving, client: str) -> bool:
    with server.service.cores.core() as core:
        return bool(core.shares.usage().get(client, {}).get("waiting"))
