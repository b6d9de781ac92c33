"""One request shows whether a key works, with the real composition: the other requests until then, and after.

It runs on one Python: there is no HTTP, no file and no process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.actions.several import file_object, refused, said
from tests.responses import error_of
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock, Uptime
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.contract.response import Response
from vt_connectors.core import Core
from vt_connectors.quota.waiters import BATCH
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse, NoAnswerInTime, NotSent

pytestmark = pytest.mark.once

REJECTED = refused(401, "WrongCredentialsError")
NO_TIER = refused(403, "ForbiddenError")
UNKNOWN = refused(404, "NotFoundError")
PROXY_PAGE = HttpResponse(403, {"content-type": "text/html"}, b"<html>blocked</html>")
_LONG_S = 60.0

Answer = Any


class MovableClock(SystemClock):
    """The machine's, which a test sets forward."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_s = 0.0

    def now(self) -> float:
        return super().now() + self.ahead_s

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s

    def uptime(self) -> Uptime | None:
        running = super().uptime()
        return running and running._replace(seconds=running.seconds + self.ahead_s)


class VirusTotal:
    """Answers in order, the last again and again, each as soon as the test lets it. A failure is raised."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self._lock = threading.Lock()
        self._go_on = threading.Semaphore(0)
        self.asked: list[str] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        assert request.sending is not None or "/users/" in request.url
        if request.sending is not None:
            request.sending()
        with self._lock:
            self.asked.append(request.url)
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        assert self._go_on.acquire(timeout=_LONG_S)
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)  # type: ignore[no-any-return]
        return answer  # type: ignore[no-any-return]

    def let(self, count: int = 100) -> None:
        self._go_on.release(count)

    def is_asked(self, count: int) -> None:
        give_up = time.monotonic() + _LONG_S
        while len(self.asked) < count:
            assert time.monotonic() < give_up, self.asked
            time.sleep(0.001)


def found(request: HttpRequest) -> HttpResponse:
    return said({"data": file_object(request.url.rpartition("/")[2])})


class Asking:
    """A process whose threads look up different things at the same time."""

    def __init__(self, virustotal: VirusTotal, **variables: str) -> None:
        self.virustotal = virustotal
        self.clock = MovableClock()
        self._pool = ThreadPoolExecutor(16)
        self._number = 0
        settings = settings_from({"VT_STATE": "memory", "VT_QUOTA": "none", **variables})
        self.core: Core = build(settings, lambda: ApiKey("k" * 64), self.clock, lambda _: virustotal)

    def look_up(self, count: int = 1, max_wait_s: float = 0, **more: Any) -> list[Future[Response]]:
        futures = []
        for _ in range(count):
            self._number += 1
            document = {
                "action": "lookup_hash",
                "params": {"hash": f"{self._number:064x}"},
                "options": {"max_wait_s": max_wait_s},
            }
            futures.append(self._pool.submit(self.core.answer, document, **more))
        return futures

    def skip(self, count: int) -> None:
        """Do not look up the next ones."""
        self._number += count

    def submit(self, document: dict[str, Any]) -> Future[Response]:
        return self._pool.submit(self.core.answer, document)

    def do(self, action: str, **params: Any) -> Future[Response]:
        return self._pool.submit(self.core.answer, {"action": action, "params": params, "options": {"max_wait_s": 0}})

    def end(self) -> None:
        self.virustotal.let(1000)
        self.clock.cancel()
        self._pool.shutdown()


Ask = Callable[..., Asking]


@pytest.fixture
def ask() -> Iterator[Ask]:
    made: list[Asking] = []

    def make(*answers: Answer, **variables: str) -> Asking:
        made.append(Asking(VirusTotal(*answers), **variables))
        return made[-1]

    yield make
    for asking in made:
        asking.end()


def codes(futures: list[Future[Response]]) -> list[str]:
    responses = [future.result(_LONG_S) for future in futures]
    return [response["error"]["code"] if response["error"] else response["status"] for response in responses]


def settled() -> None:
    """Long enough for what must not happen."""
    time.sleep(0.15)


@pytest.mark.parametrize(
    ("version", "answer"),
    [("3", REJECTED), ("2", HttpResponse(403, {}, b"")), ("3", refused(401, "UserNotActiveError"))],
)
@pytest.mark.parametrize("quota", ["none", "4/minute", "auto"])
def test_a_rejected_key_costs_one_request_however_many_ask(ask: Ask, version: str, answer: Answer, quota: str) -> None:
    # The account's figures are API v3's, whichever the other calls are of.
    asking = ask(
        lambda request: REJECTED if "/users/" in request.url else answer, VT_API_VERSION=version, VT_QUOTA=quota
    )
    futures = asking.look_up(12)
    asking.virustotal.is_asked(1)
    settled()
    asking.virustotal.let()
    assert codes(futures) == ["access_denied"] * 12
    assert codes(asking.look_up(12)) == ["access_denied"] * 12
    assert len(asking.virustotal.asked) == 1


@pytest.mark.parametrize("first", [found, UNKNOWN, refused(429, "QuotaExceededError"), refused(400, "BadRequestError")])
def test_a_response_from_virustotal_shows_that_the_key_works(ask: Ask, first: Answer) -> None:
    asking = ask(first, found)
    [probe] = asking.look_up()
    asking.virustotal.is_asked(1)
    rest = asking.look_up(7)
    settled()
    assert len(asking.virustotal.asked) == 1, "the others wait"
    asking.virustotal.let(1)
    probe.result(_LONG_S)
    if codes([probe]) == ["rate_limited"]:
        assert codes(rest) == ["rate_limited"] * 7
        asking.clock.ahead_s += 61
        rest = asking.look_up(7)
    asking.virustotal.is_asked(8)
    asking.virustotal.let()
    assert codes(rest) == ["ok"] * 7


def test_exactly_one_request_is_sent_again_when_the_refusal_is_forgotten(ask: Ask) -> None:
    asking = ask(REJECTED, REJECTED, found)
    asking.virustotal.let()
    assert codes(asking.look_up(5)) == ["access_denied"] * 5
    for sent in (2, 3):
        asking.clock.ahead_s += 299
        assert set(codes(asking.look_up(5))) == {"access_denied"}
        assert len(asking.virustotal.asked) == sent - 1
        asking.clock.ahead_s += 2
        if sent == 2:
            assert codes(asking.look_up(5)) == ["access_denied"] * 5
            assert len(asking.virustotal.asked) == sent
    assert codes(asking.look_up(5)) == ["ok"] * 5


def test_a_key_that_stops_working_is_probed_by_one_request(ask: Ask) -> None:
    asking = ask(found, REJECTED)
    asking.virustotal.let(2)
    assert codes(asking.look_up()) == ["ok"]
    assert codes(asking.look_up()) == ["access_denied"]
    asking.clock.ahead_s += 301
    futures = asking.look_up(8)
    asking.virustotal.is_asked(3)
    settled()
    assert len(asking.virustotal.asked) == 3, "the others wait"
    asking.virustotal.let()
    assert codes(futures) == ["access_denied"] * 8
    assert len(asking.virustotal.asked) == 3


def test_a_lost_connection_is_probed_by_one_request(ask: Ask) -> None:
    asking = ask(found, NotSent("refused"))
    asking.virustotal.let(10)
    assert codes(asking.look_up()) == ["ok"]
    for _ in range(3):
        assert codes(asking.look_up()) == ["unavailable"]
    asking.clock.ahead_s += 16
    futures = asking.look_up(8)
    asking.virustotal.is_asked(11)
    settled()
    assert len(asking.virustotal.asked) == 11, "the others wait"
    asking.virustotal.let()
    assert codes(futures) == ["unavailable"] * 8
    assert len(asking.virustotal.asked) == 13


def test_the_first_page_of_many_shows_that_the_key_works(ask: Ask) -> None:
    page = {"data": [{"type": "resolution", "id": "x", "attributes": {}}] * 40, "meta": {"cursor": "more"}}
    asking = ask(said(page), found)
    listing = asking.do("passive_dns", ip="1.1.1.1", limit=80)
    asking.virustotal.let(1)
    asking.virustotal.is_asked(2)
    asking.look_up(3)
    asking.virustotal.is_asked(5)
    assert not listing.done(), "its second page has not come"


def test_a_call_outside_the_tier_does_not_block_other_calls(ask: Ask) -> None:
    asking = ask(lambda request: NO_TIER if "comments" in request.url else found(request))
    comments = asking.do("get_comments", indicator="1.1.1.1")
    asking.virustotal.is_asked(1)
    rest = asking.look_up(4)
    asking.virustotal.let()
    assert codes([comments, *rest]) == ["forbidden", *["ok"] * 4]
    assert codes([asking.do("get_comments", indicator="1.1.1.2")]) == ["forbidden"]
    assert len(asking.virustotal.asked) == 5


def test_only_the_first_of_several_calls_outside_the_tier_is_sent(ask: Ask) -> None:
    asking = ask(NO_TIER)
    asking.virustotal.let()
    assert codes([asking.do("get_comments", indicator=f"1.1.1.{number}") for number in range(8)]) == ["forbidden"] * 8
    assert len(asking.virustotal.asked) == 1


def test_api_v2s_refusal_of_a_private_call_says_nothing_about_the_key(ask: Ask) -> None:
    asking = ask(HttpResponse(403, {}, b""), VT_API_VERSION="2")
    asking.virustotal.let()
    assert codes([asking.do("rescan_file", hash="a" * 64)]) == ["forbidden"]
    assert codes(asking.look_up(8)) == ["access_denied"] * 8
    assert len(asking.virustotal.asked) == 2


@pytest.mark.parametrize("lost", [PROXY_PAGE, NoAnswerInTime("slow"), said([])])
def test_a_lost_probe_fails_alone_and_the_next_request_is_the_probe(ask: Ask, lost: Answer) -> None:
    asking = ask(lost, REJECTED)
    futures = asking.look_up(8)
    asking.virustotal.is_asked(1)
    settled()
    asking.virustotal.let(1)
    asking.virustotal.is_asked(2)
    settled()
    assert len(asking.virustotal.asked) == 2, "one at a time"
    asking.virustotal.let()
    told = sorted(codes(futures))
    assert told.count("access_denied") == 7
    assert len(asking.virustotal.asked) == 2


@pytest.mark.parametrize("lost", [NotSent("refused"), NoAnswerInTime("slow")])
def test_a_dead_network_is_detected_by_a_few_requests(ask: Ask, lost: Exception) -> None:
    asking = ask(lost)
    asking.virustotal.let(1000)
    assert set(codes(asking.look_up(30))) <= {"unavailable", "timeout"}
    sent = len(asking.virustotal.asked)
    assert sent <= 9, "three requests, and their repetitions"
    asking.clock.ahead_s += 16
    assert set(codes(asking.look_up(10))) <= {"unavailable", "timeout"}
    assert len(asking.virustotal.asked) <= sent + 3


def test_no_request_waits_for_a_slow_probe_longer_than_the_timeout(ask: Ask) -> None:
    asking = ask(found, VT_TIMEOUT="5")
    [probe] = asking.look_up()
    asking.virustotal.is_asked(1)
    short, patient = asking.look_up(3), asking.look_up(1, max_wait_s=60)
    settled()
    asking.clock.ahead_s += 6
    assert codes(short) == ["timeout"] * 3
    assert "was not sent" in error_of(short[0].result())["message"]
    asking.virustotal.let()
    assert codes([probe, *patient]) == ["ok"] * 2
    assert len(asking.virustotal.asked) == 2


def test_the_end_of_the_process_ends_the_wait(ask: Ask) -> None:
    asking = ask(found)
    [probe] = asking.look_up()
    asking.virustotal.is_asked(1)
    rest = asking.look_up(5)
    settled()
    asking.clock.cancel()
    assert codes(rest) == ["cancelled"] * 5
    asking.virustotal.let()
    assert codes([probe]) == ["ok"]
    assert len(asking.virustotal.asked) == 1


def test_a_probe_that_waits_for_quota_delays_no_refusal(ask: Ask, tmp_path: Path) -> None:
    shared = {"VT_QUOTA": "1/minute", "VT_STATE": str(tmp_path / "state.db")}
    other = ask(found, **shared)
    other.virustotal.let()
    assert codes(other.look_up()) == ["ok"]
    asking = ask(found, **shared)
    asking.look_up()[0].result(_LONG_S)
    waiting = asking.look_up(1, max_wait_s=600)
    settled()
    assert codes(asking.look_up(4)) == ["rate_limited"] * 4
    assert codes(asking.look_up(4, claim=BATCH)) == ["rate_limited"] * 4
    asking.clock.cancel()
    assert codes(waiting) == ["cancelled"]
    assert asking.virustotal.asked == []


def test_a_key_that_is_refused_while_a_request_waits_for_quota_is_not_sent(ask: Ask, tmp_path: Path) -> None:
    shared = {"VT_QUOTA": "1/minute", "VT_STATE": str(tmp_path / "state.db")}
    other = ask(found, **shared)
    other.virustotal.let()
    assert codes(other.look_up()) == ["ok"]
    asking = ask(REJECTED, **shared)
    asking.virustotal.let()
    assert codes(asking.look_up()) == ["ok"], "it is in the cache"
    waiting = asking.look_up(1, max_wait_s=600)
    settled()
    assert codes([asking.do("quota")]) == ["access_denied"], "it needs no quota"
    asking.clock.ahead_s += 62
    other.clock.ahead_s += 62
    assert codes(waiting) == ["access_denied"]
    assert codes(other.look_up()) == ["ok"], "its slot is free again"
    assert len(asking.virustotal.asked) == 1


def test_a_probes_retry_is_not_delayed_by_waiting_requests(ask: Ask) -> None:
    asking = ask(NotSent("refused"), HttpResponse(503, {}, b""), found, VT_QUOTA="20/minute")
    asking.virustotal.let(1)
    futures = asking.look_up(8)
    asking.virustotal.is_asked(2)
    asking.virustotal.let()
    assert codes(futures) == ["ok"] * 8
    assert len(asking.virustotal.asked) == 10


def test_after_a_probe_without_quota_others_get_their_own_refusals(ask: Ask) -> None:
    asking = ask(found, VT_QUOTA="2/minute")
    asking.virustotal.let()
    assert sorted(codes(asking.look_up(8))) == ["ok"] * 2 + ["rate_limited"] * 6


def test_lookups_do_not_wait_for_a_file_that_is_sent(ask: Ask) -> None:
    asking = ask(REJECTED)
    content = "QQ=="
    files = [asking.do("scan_file", content_base64=content)]
    asking.virustotal.is_asked(1)
    files += [asking.do("scan_file", content_base64="Qg==")]
    lookups = asking.look_up(4)
    asking.virustotal.is_asked(2)
    settled()
    assert len(asking.virustotal.asked) == 2
    asking.virustotal.let()
    assert codes([*files, *lookups]) == ["access_denied"] * 6
    assert len(asking.virustotal.asked) == 2


def test_a_file_is_sent_while_another_upload_is_slow(ask: Ask) -> None:
    asking = ask(said({"data": {"type": "analysis", "id": "an-id"}}), VT_TIMEOUT="5")
    files = [asking.do("scan_file", content_base64=content) for content in ("QQ==", "Qg==")]
    asking.virustotal.is_asked(1)
    settled()
    assert len(asking.virustotal.asked) == 1
    asking.clock.ahead_s += 6
    asking.virustotal.is_asked(2)
    asking.virustotal.let()
    assert codes(files) == ["pending"] * 2


def test_while_a_request_waits_for_the_probe_another_process_may_ask_the_same(ask: Ask, tmp_path: Path) -> None:
    asking, other = (ask(found, VT_STATE=str(tmp_path / "state.db")) for _ in range(2))
    [probe] = asking.look_up()
    asking.virustotal.is_asked(1)
    rest = asking.look_up(3)
    settled()
    other.virustotal.let()
    other.skip(1)
    assert codes(other.look_up(3)) == ["ok"] * 3
    asking.virustotal.let()
    assert codes([probe, *rest]) == ["ok"] * 4
    assert (len(asking.virustotal.asked), len(other.virustotal.asked)) == (1, 3)


@pytest.mark.parametrize("mode", ["default", "refresh", "off"])
def test_equal_requests_wait_together(ask: Ask, mode: str) -> None:
    asking = ask(found)
    [probe] = asking.look_up()
    asking.virustotal.is_asked(1)
    document = {"action": "lookup_hash", "params": {"hash": "e" * 64}, "options": {"cache": mode}}
    equal = [asking.submit(document) for _ in range(6)]
    settled()
    asking.virustotal.let(1)
    asking.virustotal.is_asked(2)
    asking.virustotal.let()
    assert codes([probe, *equal]) == ["ok"] * 7
    assert len(asking.virustotal.asked) == 2


def test_equal_requests_wait_no_longer_than_one_does(ask: Ask) -> None:
    asking = ask(found, VT_TIMEOUT="5")
    asking.look_up()
    asking.virustotal.is_asked(1)
    equal = [asking.submit({"action": "lookup_hash", "params": {"hash": "e" * 64}}) for _ in range(4)]
    settled()
    asking.clock.ahead_s += 6 + 20
    assert codes(equal) == ["timeout"] * 4


def test_keys_do_not_wait_for_each_other(ask: Ask) -> None:
    asking = ask(found)
    [probe] = asking.look_up()
    asking.virustotal.is_asked(1)
    other = {"action": "lookup_hash", "params": {"hash": "f" * 64}, "auth": {"api_key": "o" * 64}}
    answer = asking.submit(other)
    asking.virustotal.is_asked(2)
    asking.virustotal.let()
    assert codes([probe, answer]) == ["ok"] * 2
