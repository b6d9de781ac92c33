"""What found no quota is queued, and a drain spends what quota there is on it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.fake_clock import START, FakeClock
from tests.responses import error_of
from tests.scripted_server import ScriptedServer, json_answer, reset
from tests.virustotal.house import core_at
from vt_connectors.actions.context import Context
from vt_connectors.actions.drain import DrainLimits, DrainResult
from vt_connectors.actions.read_through import cache_key
from vt_connectors.cache import Entry
from vt_connectors.coalescing import Lease
from vt_connectors.contract.documents import Request
from vt_connectors.core import Core
from vt_connectors.sandbox import Quota, SandboxServer
from vt_connectors.state.fallback import StateUnavailable

from .conftest import Harness

HOSTS = [f"8.8.8.{number}" for number in range(8)]
DAY = 86400.0
# So many are under way at a time, and where the quota ends among them is any one's luck.
SIDE_BY_SIDE = 4
KEEP_NONE = DrainLimits(keep=0)


def test_lookups_without_quota_are_done_by_the_next_drain_oldest_first(house: Harness) -> None:
    later, sooner = HOSTS, [f"8.8.4.{number}" for number in range(8)]
    house.run_out(*sooner)
    house.clock.advance(60)
    house.run_out(*later)
    order = [*sooner, *later]
    assert house.queued() == order
    done = house.drain("5/day", KEEP_NONE)
    assert done[:6] == (4, 4, 0, 0, 0, 12)
    assert house.asked[0] in order[:SIDE_BY_SIDE]
    assert set(house.asked) <= set(order[: 4 + SIDE_BY_SIDE])
    assert house.queued() == [host for host in order if host not in house.asked]
    assert house.drain()[:6] == (12, 12, 0, 0, 0, 0)
    core = house.core("1/day")
    assert {house.look_up(core, host)["meta"]["source"] for host in order} == {"cache"}
    assert len(house.asked) == 16


def test_an_indicator_is_queued_once_in_any_spelling(house: Harness) -> None:
    house.run_out("8.8.8.8", "8[.]8[.]8[.]8", " 8.8.8.8 ")
    house.run_out("8.8.8.8")
    assert house.queued() == ["8.8.8.8"]


def test_a_caller_that_waits_and_gets_an_answer_queues_nothing(house: Harness) -> None:
    core = house.core("1/minute")
    answers = [house.look_up(core, host, max_wait_s=300) for host in HOSTS[:3]]
    assert {answer["status"] for answer in answers} == {"ok"}
    assert house.queued() == []


def test_lookups_refused_with_a_429_are_queued(clock: FakeClock, tmp_path: Any) -> None:
    with SandboxServer(Quota(windows=((1, 600.0),)), clock.now) as server:
        house = Harness(server, clock, tmp_path / "state.db")
        core = house.core()
        for host in HOSTS[:3]:
            house.look_up(core, host)
        assert house.queued() == HOSTS[1:3]
        left = house.drain()
        assert (left.answered, left.left) == (0, 2)
        clock.advance(601)
        assert house.drain().answered == 1


@pytest.mark.parametrize("failure", [{"cache": "off"}, {"cache": "only"}])
def test_lookups_that_a_drain_cannot_answer_are_not_queued(house: Harness, failure: dict[str, str]) -> None:
    core = house.core("1/day")
    house.look_up(core, "9.9.9.9")
    house.look_up(core, HOSTS[0], **failure)
    core.answer({"action": "lookup_ip", "params": {"ip": HOSTS[1]}, "auth": {"api_key": "own"}})
    core.answer({"action": "lookup_ip", "params": {"ip": HOSTS[2]}, "auth": {"api_key": "own"}})
    core.answer({"action": "passive_dns", "params": {"ip": HOSTS[3]}})
    assert house.queued() == []


def test_other_failures_queue_nothing(clock: FakeClock) -> None:
    with ScriptedServer() as server:
        server.script(*[reset()] * 9)
        core = core_at(server.url, clock)
        for params in ({"ip": HOSTS[0]}, {"ip": "10.1.1.1"}, {"ip": "no address"}):
            core.answer({"action": "lookup_ip", "params": params})
        assert core.context.pending.stats()["entries"] == 0


def test_entries_answered_meanwhile_are_removed_without_a_request(house: Harness) -> None:
    house.run_out(*HOSTS[:3])
    house.clock.advance(60)
    house.look_up(house.core(), HOSTS[1])
    assert house.drain() == DrainResult(asked=2, answered=2, dropped=1)
    assert len(house.asked) == 3


def test_an_answer_from_before_the_refresh_is_not_accepted(house: Harness) -> None:
    house.look_up(house.core(), HOSTS[0])
    house.clock.advance(3600)
    house.run_out(HOSTS[0], options={"max_age_s": 60})
    house.run_out(HOSTS[0], options={"cache": "refresh"})
    assert house.drain() == DrainResult(asked=1, answered=1)
    core = house.core("1/day")
    assert house.look_up(core, HOSTS[0], max_age_s=60)["meta"]["source"] == "cache"


def test_the_requested_parts_are_looked_up(house: Harness) -> None:
    house.run_out(HOSTS[0])
    house.run_out(HOSTS[0], options={"include": ["raw"]})
    house.drain()
    core = house.core("1/day")
    for include in ([], ["raw"]):
        assert house.look_up(core, HOSTS[0], include=include)["meta"]["source"] == "cache"


@pytest.mark.parametrize(
    ("spend", "asked"),
    [
        (DrainLimits(), 6),
        (DrainLimits(keep=0), 8),
        (DrainLimits(keep=5), 4),
        (DrainLimits(keep=9), 0),
        (DrainLimits(keep=10_000), 0),
    ],
)
def test_a_drain_leaves_a_share_of_the_day_to_interactive_callers(
    house: Harness, spend: DrainLimits, asked: int
) -> None:
    house.run_out(*HOSTS)
    done = house.drain("10/day,9999/month", spend)
    assert (done.asked, done.left) == (asked, 8 - asked)
    assert ("reserved for others" in str(done.message)) == (asked < 8)
    core = house.core("10/day,9999/month")
    people = [house.look_up(core, f"7.7.7.{number}")["status"] for number in range(10 - 1 - asked + 1)]
    assert people == ["ok"] * (10 - 1 - asked) + ["error"], "they have all the rest"


@pytest.mark.parametrize("keep", [4, 5])
def test_if_all_quota_is_reserved_a_drain_sends_nothing(house: Harness, keep: int) -> None:
    core = house.core("4/day")
    core.context.pending.put(f"ip:{HOSTS[0]}", ())
    done = core.drain(DrainLimits(keep=keep, max_wait_s=3 * DAY))
    assert (done.asked, done.left) == (0, 1)
    assert "reserved for others" in str(done.message)


def test_the_reserved_quota_is_available_to_interactive_callers_of_the_same_process(house: Harness) -> None:
    house.run_out(*HOSTS[:3])
    core = house.core("4/day")
    assert core.drain(DrainLimits(keep=2)).asked == 1
    assert house.look_up(core, "7.7.7.7")["status"] == "ok"


def test_without_a_daily_window_nothing_is_reserved(house: Harness) -> None:
    house.run_out(*HOSTS[:3])
    assert house.drain("9/hour", DrainLimits(keep=100)).asked == 3


def test_it_does_not_wait_unless_it_may(house: Harness) -> None:
    house.run_out(*HOSTS[:5])
    house.clock.slept.clear()
    assert house.drain("1/minute").left == 5
    assert sum(house.clock.slept) == 0
    # One request fits into the time, whenever the drain's other threads look.
    assert house.drain("1/minute", DrainLimits(max_wait_s=65)).left == 4
    assert 50 < sum(house.clock.slept) < 70


def test_it_stops_when_cancelled(house: Harness) -> None:
    house.run_out(*HOSTS[:5])
    looks = iter([False, False])
    done = house.drain(spend=DrainLimits(stopped=lambda: next(looks, True)))
    assert (done.asked, done.left) == (2, 3)


def test_an_indicator_that_may_no_longer_be_sent_leaves_the_queue_without_a_request(house: Harness) -> None:
    house.run_out(*HOSTS[:2])
    assert house.drain(VT_NEVER_QUERY=HOSTS[0]) == DrainResult(asked=1, answered=1, dropped=1)
    assert house.asked == [HOSTS[1]]


def test_each_version_has_a_queue_of_its_own(house: Harness) -> None:
    house.run_out(HOSTS[0], VT_API_VERSION="2")
    house.run_out(HOSTS[1])
    assert house.queued() == [HOSTS[1]]
    assert house.queued(VT_API_VERSION="2") == [HOSTS[0]]
    assert (house.drain().left, house.queued(VT_API_VERSION="2")) == (0, [HOSTS[0]])


class Scripted:
    """A core with three queued lookups, and what VirusTotal answers to each in turn."""

    def __init__(self, server: ScriptedServer, clock: FakeClock) -> None:
        self.server = server
        self.core: Core = core_at(server.url, clock)
        for number in range(3):
            self.core.context.pending.put(f"hash:{number:032x}", ())
            clock.advance(1)

    def drain(self, *steps: Any) -> DrainResult:
        self.server.script(*steps)
        return self.core.drain(DrainLimits())

    @property
    def queued(self) -> list[int]:
        return [int(entry.value) for entry in self.core.context.pending.oldest(9)]


@pytest.fixture
def scripted(clock: FakeClock) -> Any:
    with ScriptedServer() as server:
        yield Scripted(server, clock)


def refusal(status: int, code: str = "SomeError") -> Any:
    return json_answer(status, {"error": {"code": code, "message": "no"}})


FOUND = json_answer(200, {"data": {"type": "file", "id": "a" * 64, "attributes": {}}})


def test_an_indicator_that_virustotal_rejects_leaves_the_queue_with_a_line(
    scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    done = scripted.drain(refusal(400, "InvalidArgumentError"), FOUND, FOUND)
    assert done[:6] == (3, 2, 0, 1, 0, 0)
    assert scripted.queued == []
    [record] = caplog.records
    assert "0" * 31 in record.getMessage()
    assert "leaves the queue: invalid_indicator" in record.getMessage()


def test_a_refused_request_removes_only_its_own_entry(scripted: Scripted) -> None:
    done = scripted.drain(refusal(403, "ForbiddenError"))
    assert (done.asked, done.left) == (1, 2)
    assert len(scripted.queued) == 2
    assert len(scripted.server.received) == 1


def test_a_refused_key_ends_the_run_and_loses_nothing(scripted: Scripted) -> None:
    done = scripted.drain(refusal(401, "WrongCredentialsError"))
    # Others that were begun at the same time end with the same error.
    assert (done.asked, done.answered, done.left) == (1, 0, 3)
    assert "does not accept the API key" in str(done.message)
    assert len(scripted.server.received) == 1


def test_a_failure_that_may_pass_stays_and_is_not_tried_again_in_the_run(scripted: Scripted) -> None:
    html = json_answer(200, ["nobody's"])
    done = scripted.drain(html, FOUND, FOUND)
    assert done[:6] == (3, 2, 0, 1, 0, 1)
    assert len(scripted.queued) == 1
    assert len(scripted.server.received) == 3
    assert scripted.drain(FOUND).left == 0


def test_an_unreachable_virustotal_ends_the_run_after_some_tries(scripted: Scripted, clock: FakeClock) -> None:
    for number in range(3, 40):
        scripted.core.context.pending.put(f"hash:{number:032d}", ())
    done = scripted.drain(*[reset()] * 60)
    assert done.left == 40
    assert done.failed < 8
    assert "could not be reached" in str(done.message)


def test_an_entry_that_is_not_an_indicator_leaves_the_queue(clock: FakeClock) -> None:
    core = core_at("http://127.0.0.1:9", clock)
    for key in ("nothing", ":", "hash:../users/me", "users:me"):
        core.context.pending.put(key, ())
    done = core.drain(DrainLimits())
    assert (done.asked, done.failed, done.left) == (0, 4, 0)


def test_an_answer_that_cannot_be_kept_leaves_its_entry(house: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    house.run_out(HOSTS[0])
    core = house.core()
    context: Context = core.context

    def full(key: str, entry: Entry) -> bool:
        raise StateUnavailable("the disk is full")

    monkeypatch.setattr(context.cache._shared._shared, "put", full)
    assert core.drain(DrainLimits())[:6] == (1, 1, 0, 0, 0, 1)
    assert house.queued() == HOSTS[:1]


def test_entries_that_another_caller_waits_for_are_skipped(house: Harness) -> None:
    house.run_out(*HOSTS[:2])
    core = house.core()
    leases = core.context.single_flight._shared._leases
    key = cache_key(core.context, f"ip:{HOSTS[0]}")
    leases.use(lambda book: book.claim(key, Lease("somebody")))
    leases.use(lambda book: book.waiting(key, "somebody", True))
    keep_alive = house.clock.advance

    def advance(seconds: float) -> None:
        keep_alive(seconds)
        leases.use(lambda book: book.renew(["somebody"]))

    house.clock.advance = advance  # type: ignore[method-assign]
    done = core.drain(DrainLimits())
    assert (done.answered, done.left) == (1, 1)
    assert house.queued() == HOSTS[:1]


def test_a_full_queue_causes_one_warning_and_is_counted(house: Harness, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        house.run_out(*HOSTS, VT_PENDING_MAX="3")
    assert house.queued() == HOSTS[:3]
    assert sum("queue of pending indicators is full (3)" in text for text in caplog.messages) == 1
    assert house.core(VT_PENDING_MAX="3").context.pending.stats() == {
        "entries": 3,
        "refused": 5,
        "since": START,
        "most": 3,
    }


def test_without_room_nothing_is_queued_or_reported(house: Harness, caplog: pytest.LogCaptureFixture) -> None:
    house.run_out(*HOSTS, VT_PENDING_MAX="0")
    assert (house.queued(), caplog.messages) == ([], [])
    assert house.core().context.pending.stats()["refused"] == 0


def test_an_answer_has_the_usual_form(house: Harness) -> None:
    core = house.core("1/day")
    house.look_up(core, "9.9.9.9")
    answer = core.run(Request("lookup_ip", {"ip": HOSTS[0]}))
    assert error_of(answer)["details"] == {"source": "local", "window": "day", "queued": True}
    assert sorted(answer["meta"]) == sorted(house.look_up(core, "9.9.9.9")["meta"])
