"""Threads that wait for quota leave others for what the cache answers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from vt_connectors.adapters.http.callers import Caller
from vt_connectors.adapters.http.listening import Limits

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
