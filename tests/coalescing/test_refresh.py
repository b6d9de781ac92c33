"""`cache: refresh` and the other modes, with the real composition."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.vtaction_process import lookup
from tests.watched_clock import WatchedClock
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import Settings
from vt_connectors.core import Core
from vt_connectors.quota import parse_quota
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse


class SlowVirusTotal:
    """Answers when it is released, each time with one more engine."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.count = 0

    def send(self, request: HttpRequest) -> HttpResponse:
        self.count += 1
        stats = {"malicious": self.count}
        self.asked.release()
        assert self.go_on.wait(90)
        data = {"type": "file", "id": "0" * 64, "attributes": {"last_analysis_stats": stats}}
        return HttpResponse(200, {}, json.dumps({"data": data}).encode())


@pytest.fixture
def clock() -> WatchedClock:
    return WatchedClock()


@pytest.fixture
def virustotal() -> SlowVirusTotal:
    return SlowVirusTotal()


@pytest.fixture(params=["memory", "file", "redis"])
def core(request: pytest.FixtureRequest, tmp_path: Path, virustotal: SlowVirusTotal, clock: WatchedClock) -> Core:
    state = "memory" if request.param == "memory" else str(tmp_path / "state.db")
    if request.param == "redis":
        state = request.getfixturevalue("redis_process").url
    settings = Settings(state=state, quota=parse_quota("none"))
    return build(settings, lambda: ApiKey("k" * 64), clock, lambda key: virustotal)


def _ask(core: Core, **options: Any) -> tuple[str | None, int]:
    answer = core.answer(lookup(options=options))
    return answer["meta"]["source"], answer["data"]["stats"]["malicious"]


def test_refresh_asks_though_there_is_an_answer_and_stores_the_new_one(core: Core, virustotal: SlowVirusTotal) -> None:
    virustotal.go_on.set()
    assert _ask(core) == ("api", 1)
    assert _ask(core) == ("cache", 1)
    assert _ask(core, cache="refresh") == ("api", 2)
    assert _ask(core) == ("cache", 2)


def test_refreshes_at_the_same_time_share_one_request(
    core: Core, virustotal: SlowVirusTotal, clock: WatchedClock
) -> None:
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(_ask, core, cache="refresh")
        assert virustotal.asked.acquire(timeout=60)
        rest = [pool.submit(_ask, core, cache="refresh") for _ in range(3)]
        clock.until_waiting(threads=3)
        virustotal.go_on.set()
        assert first.result() == ("api", 1)
        assert {each.result() for each in rest} == {("shared", 1)}
    assert virustotal.count == 1


def test_a_refresh_after_a_finished_refresh_sends_its_own_request(core: Core, virustotal: SlowVirusTotal) -> None:
    virustotal.go_on.set()
    assert [_ask(core, cache="refresh") for _ in range(2)] == [("api", 1), ("api", 2)]


def test_off_neither_reads_nor_stores_nor_shares(core: Core, virustotal: SlowVirusTotal) -> None:
    virustotal.go_on.set()
    assert _ask(core, cache="off") == ("api", 1)
    assert _ask(core) == ("api", 2)
    assert _ask(core, cache="off") == ("api", 3)
    assert _ask(core) == ("cache", 2)
