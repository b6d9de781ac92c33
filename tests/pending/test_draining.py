"""Lookups without quota are queued, and a drain uses the available quota for them."""

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


def test_lookups_without_quota_are_done_by_the_next_drain_oldest_first(harness: Harness) -> None:
    later, sooner = HOSTS, [f"8.8.4.{number}" for number in range(8)]
    harness.run_out(*sooner)
    harness.clock.advance(60)
    harness.run_out(*later)
    order = [*sooner, *later]
    assert harness.queued() == order
    done = harness.drain("5/day", KEEP_NONE)
    assert done[:6] == (4, 4, 0, 0, 0, 12)
    assert harness.asked[0] in order[:SIDE_BY_SIDE]
    assert set(harness.asked) <= set(order[: 4 + SIDE_BY_SIDE])
    assert harness.queued() == [host for host in order if host not in harness.asked]
    assert harness.drain()[:6] == (12, 12, 0, 0, 0, 0)
    core = harness.core("1/day")
    assert {harness.look_up(core, host)["meta"]["source"] for host in order} == {"cache"}
    assert len(harness.asked) == 16


def test_an_indicator_is_queued_once_in_any_spelling(harness: Harness) -> None:
    harness.run_out("8.8.8.8", "8[.]8[.]8[.]8", " 8.8.8.8 ")
    harness.run_out("8.8.8.8")
    assert harness.queued() == ["8.8.8.8"]


def test_a_caller_that_waits_and_gets_an_answer_queues_nothing(harness: Harness) -> None:
    core = harness.core("1/minute")
    answers = [harness.look_up(core, host, max_wait_s=300) for host in HOSTS[:3]]
    assert {answer["status"] for answer in answers} == {"ok"}
    assert harness.queued() == []


def test_lookups_refused_with_a_429_are_queued(clock: FakeClock, tmp_path: Any) -> None:
    with SandboxServer(Quota(windows=((1, 600.0),)), clock.now) as server:
        harness = Harness(server, clock, tmp_path / "state.db")
        core = harness.core()
        for host in HOSTS[:3]:
            harness.look_up(core, host)
        assert harness.queued() == HOSTS[1:3]
        left = harness.drain()
        assert (left.answered, left.left) == (0, 2)
        clock.advance(601)
        assert harness.drain().answered == 1


@pytest.mark.parametrize("failure", [{"cache": "off"}, {"cache": "only"}])
def test_lookups_that_a_drain_cannot_answer_are_not_queued(harness: Harness, failure: dict[str, str]) -> None:
    core = harness.core("1/day")
    harness.look_up(core, "9.9.9.9")
    harness.look_up(core, HOSTS[0], **failure)
    core.answer({"action": "lookup_ip", "params": {"ip": HOSTS[1]}, "auth": {"api_key": "own"}})
    core.answer({"action": "lookup_ip", "params": {"ip": HOSTS[2]}, "auth": {"api_key": "own"}})
    core.answer({"action": "passive_dns", "params": {"ip": HOSTS[3]}})
    assert harness.queued() == []


def test_other_failures_queue_nothing(clock: FakeClock) -> None:
    with ScriptedServer() as server:
        server.script(*[reset()] * 9)
        core = core_at(server.url, clock)
        for params in ({"ip": HOSTS[0]}, {"ip": "10.1.1.1"}, {"ip": "no address"}):
            core.answer({"action": "lookup_ip", "params": params})
        assert core.context.pending.stats()["entries"] == 0


def test_entries_answered_meanwhile_are_removed_without_a_request(harness: Harness) -> None:
    harness.run_out(*HOSTS[:3])
    harness.clock.advance(60)
    harness.look_up(harness.core(), HOSTS[1])
    assert harness.drain() == DrainResult(asked=2, answered=2, dropped=1)
    assert len(harness.asked) == 3


def test_an_answer_from_before_the_refresh_is_not_accepted(harness: Harness) -> None:
    harness.look_up(harness.core(), HOSTS[0])
    harness.clock.advance(3600)
    harness.run_out(HOSTS[0], options={"max_age_s": 60})
    harness.run_out(HOSTS[0], options={"cache": "refresh"})
    assert harness.drain() == DrainResult(asked=1, answered=1)
    core = harness.core("1/day")
    assert harness.look_up(core, HOSTS[0], max_age_s=60)["meta"]["source"] == "cache"


def test_the_requested_parts_are_looked_up(harness: Harness) -> None:
    harness.run_out(HOSTS[0])
    harness.run_out(HOSTS[0], options={"include": ["raw"]})
    harness.drain()
    core = harness.core("1/day")
    for include in ([], ["raw"]):
        assert harness.look_up(core, HOSTS[0], include=include)["meta"]["source"] == "cache"


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
    harness: Harness, spend: DrainLimits, asked: int
) -> None:
    harness.run_out(*HOSTS)
    done = harness.drain("10/day,9999/month", spend)
    assert (done.asked, done.left) == (asked, 8 - asked)
    assert ("reserved for others" in str(done.message)) == (asked < 8)
    core = harness.core("10/day,9999/month")
    people = [harness.look_up(core, f"7.7.7.{number}")["status"] for number in range(10 - 1 - asked + 1)]
    assert people == ["ok"] * (10 - 1 - asked) + ["error"], "they have all the rest"


@pytest.mark.parametrize("keep", [4, 5])
def test_if_all_quota_is_reserved_a_drain_sends_nothing(harness: Harness, keep: int) -> None:
    core = harness.core("4/day")
    core.context.pending.put(f"ip:{HOSTS[0]}", ())
    done = core.drain(DrainLimits(keep=keep, max_wait_s=3 * DAY))
    assert (done.asked, done.left) == (0, 1)
    assert "reserved for others" in str(done.message)


def test_the_reserved_quota_is_available_to_interactive_callers_of_the_same_process(harness: Harness) -> None:
    harness.run_out(*HOSTS[:3])
    core = harness.core("4/day")
    assert core.drain(DrainLimits(keep=2)).asked == 1
    assert harness.look_up(core, "7.7.7.7")["status"] == "ok"


def test_without_a_daily_window_nothing_is_reserved(harness: Harness) -> None:
    harness.run_out(*HOSTS[:3])
    assert harness.drain("9/hour", DrainLimits(keep=100)).asked == 3


def test_it_does_not_wait_unless_it_may(harness: Harness) -> None:
    harness.run_out(*HOSTS[:5])
    harness.clock.slept.clear()
    assert harness.drain("1/minute").left == 5
    assert sum(harness.clock.slept) == 0
    # One request fits into the time, whenever the drain's other threads look.
    assert harness.drain("1/minute", DrainLimits(max_wait_s=65)).left == 4
    assert 50 < sum(harness.clock.slept) < 70


def test_it_stops_when_cancelled(harness: Harness) -> None:
    harness.run_out(*HOSTS[:5])
    looks = iter([False, False])
    done = harness.drain(spend=DrainLimits(stopped=lambda: next(looks, True)))
    assert (done.asked, done.left) == (2, 3)


def test_an_indicator_that_may_no_longer_be_sent_leaves_the_queue_without_a_request(harness: Harness) -> None:
    harness.run_out(*HOSTS[:2])
    assert harness.drain(VT_NEVER_QUERY=HOSTS[0]) == DrainResult(asked=1, answered=1, dropped=1)
    assert harness.asked == [HOSTS[1]]


def test_each_version_has_a_queue_of_its_own(harness: Harness) -> None:
    harness.run_out(HOSTS[0], VT_API_VERSION="2")
    harness.run_out(HOSTS[1])
    assert harness.queued() == [HOSTS[1]]
    assert harness.queued(VT_API_VERSION="2") == [HOSTS[0]]
    assert (harness.drain().left, harness.queued(VT_API_VERSION="2")) == (0, [HOSTS[0]])


class Scripted:
    """A core with three queued lookups, and VirusTotal's responses in order."""

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
    # Lookups that began at the same time end with the same error.
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


def test_an_answer_that_cannot_be_kept_leaves_its_entry(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    harness.run_out(HOSTS[0])
    core = harness.core()
    context: Context = core.context

    def full(key: str, entry: Entry) -> bool:
        raise StateUnavailable("the disk is full")

    monkeypatch.setattr(context.cache._shared._shared, "put", full)
    assert core.drain(DrainLimits())[:6] == (1, 1, 0, 0, 0, 1)
    assert harness.queued() == HOSTS[:1]


def test_entries_that_another_caller_waits_for_are_skipped(harness: Harness) -> None:
    harness.run_out(*HOSTS[:2])
    core = harness.core()
    leases = core.context.single_flight._shared._leases
    key = cache_key(core.context, f"ip:{HOSTS[0]}")
    leases.use(lambda store: store.claim(key, Lease("somebody")))
    leases.use(lambda store: store.waiting(key, "somebody", True))
    keep_alive = harness.clock.advance

    def advance(seconds: float) -> None:
        keep_alive(seconds)
        leases.use(lambda store: store.renew(["somebody"]))

    harness.clock.advance = advance  # type: ignore[method-assign]
    done = core.drain(DrainLimits())
    assert (done.answered, done.left) == (1, 1)
    assert harness.queued() == HOSTS[:1]


def test_a_full_queue_causes_one_warning_and_is_counted(harness: Harness, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        harness.run_out(*HOSTS, VT_PENDING_MAX="3")
    assert harness.queued() == HOSTS[:3]
    assert sum("queue of pending indicators is full (3)" in text for text in caplog.messages) == 1
    assert harness.core(VT_PENDING_MAX="3").context.pending.stats() == {
        "entries": 3,
        "refused": 5,
        "since": START,
        "most": 3,
    }


def test_without_room_nothing_is_queued_or_reported(harness: Harness, caplog: pytest.LogCaptureFixture) -> None:
    harness.run_out(*HOSTS, VT_PENDING_MAX="0")
    assert (harness.queued(), caplog.messages) == ([], [])
    assert harness.core().context.pending.stats()["refused"] == 0


def test_an_answer_has_the_usual_form(harness: Harness) -> None:
    core = harness.core("1/day")
    harness.look_up(core, "9.9.9.9")
    answer = core.run(Request("lookup_ip", {"ip": HOSTS[0]}))
    assert error_of(answer)["details"] == {"source": "local", "window": "day", "queued": True}
    assert sorted(answer["meta"]) == sorted(harness.look_up(core, "9.9.9.9")["meta"])
