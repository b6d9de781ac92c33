"""Shares of days and months: a guarantee is never used by others, and what no guarantee covers is for everybody."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.quota.scenario import Scenario
from vt_connectors.clock import Uptime
from vt_connectors.quota import policy
from vt_connectors.quota.clock_changes import adjust
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.policy import Start, Wait
from vt_connectors.quota.shares import MOST_CLIENTS, VALID_S
from vt_connectors.quota.waiters import Claim

DAY_S = 86400.0


def test_a_client_without_a_share_borrows_only_what_no_guarantee_covers() -> None:
    scenario = Scenario("10/day")
    assert scenario.share(a=30, b=20) is None
    assert scenario.grants("other", 10) == 5
    assert scenario.grants("a", 10) == 3
    assert scenario.grants("b", 10) == 2
    assert scenario.grants("other", 10) == 0


def test_a_client_beyond_its_share_borrows_what_no_guarantee_covers() -> None:
    scenario = Scenario("10/day")
    scenario.share(a=30, b=20)
    assert scenario.grants("a", 10) == 8
    assert scenario.grants("b", 10) == 2


def test_what_a_client_used_of_its_share_is_not_reserved_twice() -> None:
    scenario = Scenario("10/day")
    scenario.share(a=50)
    assert scenario.grants("a", 5) == 5
    assert scenario.grants("other", 10) == 5


def test_the_month_has_shares_too() -> None:
    scenario = Scenario("100/day,10/month")
    scenario.share(a=40)
    assert scenario.grants("other", 10) == 6
    refusal = scenario.refused("x", claim=Claim("other"))
    assert (refusal.window, refusal.reserved) == ("month", 4)
    assert scenario.grants("a", 10) == 4


def test_a_share_of_the_day_is_given_only_while_the_month_has_requests_for_the_client() -> None:
    scenario = Scenario("10/day,10/month")
    scenario.share(a=50, b=50)
    assert scenario.grants("a", 10) == 5
    assert scenario.at("2026-01-03T00:00:00").grants("a", 10) == 0
    assert scenario.grants("b", 10) == 5


def test_a_new_day_has_whole_shares() -> None:
    scenario = Scenario("10/day")
    scenario.share(a=50)
    assert scenario.grants("a", 10) == 10
    scenario.at("2026-01-03T00:00:00")
    assert scenario.grants("other", 10) == 5
    assert scenario.grants("a", 10) == 5


def test_sliding_windows_have_no_shares() -> None:
    scenario = Scenario("4/minute,100/day")
    scenario.share(a=50)
    assert scenario.grants("other", 10) == 4
    assert scenario.grants("a", 1) == 0


def test_a_refusal_says_what_is_reserved_and_whose_share_is_used_up() -> None:
    scenario = Scenario("10/day")
    scenario.share(a=30, b=20)
    scenario.grants("a", 10)
    refusal = scenario.refused("x", claim=Claim("a"))
    assert (refusal.window, refusal.reserved) == ("day", 2)
    assert refusal.share is not None
    assert refusal.share._asdict() == {"client": "a", "percent": 30, "guaranteed": 3, "used": 8}
    other = scenario.refused("y", claim=Claim("other"))
    assert (other.reserved, other.share) == (2, None)
    scenario.grants("b", 2)
    full = scenario.refused("z", claim=Claim("a"))
    assert (full.window, full.reserved, full.share) == ("day", 0, None)


def test_shares_that_are_registered_late_cover_what_is_left() -> None:
    scenario = Scenario("10/day")
    assert scenario.grants("other", 7) == 7
    scenario.share(a=50)
    assert scenario.grants("other", 10) == 0
    assert scenario.grants("a", 10) == 3


def test_requests_before_the_registration_are_nobodys() -> None:
    scenario = Scenario("10/day")
    assert scenario.grants("a", 4) == 4
    scenario.share(a=50)
    assert scenario.used_by("a") == 0
    assert scenario.grants("a", 10) == 6


def test_a_request_that_was_never_sent_gives_back_the_share() -> None:
    scenario = Scenario("10/day")
    scenario.share(a=10, b=90)
    assert isinstance(scenario.look("one", 0.0, Claim("a")), Start)
    scenario.never_sent("one")
    assert (scenario.used_by("a"), scenario.used_by("a", "month")) == (0, 0)
    assert scenario.grants("a", 2) == 1
    assert scenario.ledger.shares.senders == {}


def test_a_request_in_flight_at_midnight_counts_for_its_client_on_both_days() -> None:
    scenario = Scenario("2/day,9/month", "2026-01-31T23:59:50")
    scenario.share(a=50)
    assert isinstance(scenario.look("one", 0.0, Claim("a")), Start)
    scenario.after(4).beat("one")
    scenario.after(4).beat("one")
    assert scenario.used_by("a") == 1
    scenario.at("2026-02-01T00:00:01")
    scenario.answer("one")
    assert (scenario.used_by("a"), scenario.used_by("a", "month")) == (1, 1)


def test_the_request_of_a_dead_process_counts_for_its_client() -> None:
    scenario = Scenario("10/day")
    scenario.share(a=50)
    assert isinstance(scenario.look("one", 0.0, Claim("a")), Start)
    scenario.after(60).grants("a", 1)
    assert scenario.used_by("a") == 2
    scenario.after(60).grants("a", 1)
    assert scenario.ledger.shares.senders == {}


def test_a_request_whose_heartbeat_was_late_counts_once_for_its_client() -> None:
    scenario = Scenario("10/day")
    scenario.share(a=50)
    assert isinstance(scenario.look("one", 0.0, Claim("a")), Start)
    scenario.after(30).grants("b", 1)
    scenario.answer("one")
    assert (scenario.used("day"), scenario.used_by("a"), scenario.used_by("a", "month")) == (2, 1, 1)
    assert scenario.ledger.shares.senders == {}


def test_a_waiting_client_without_a_share_left_does_not_delay_others() -> None:
    scenario = Scenario("1/minute,10/day")
    scenario.share(a=50)
    for _ in range(5):
        assert scenario.grants("other", 1) == 1
        scenario.after(61)
    assert isinstance(scenario.look("over midnight", math.inf, Claim("other")), Wait)
    assert scenario.grants("a", 1) == 1
    scenario.after(61)
    assert isinstance(scenario.look("over midnight", math.inf, Claim("other")), Wait)
    assert scenario.grants("a", 1) == 1


def test_a_waiting_client_without_a_share_left_gets_its_turn_when_the_next_day_begins() -> None:
    scenario = Scenario("1/minute,2/day")
    scenario.share(a=50)
    assert scenario.grants("other", 1) == 1
    assert isinstance(scenario.look("over midnight", math.inf, Claim("other")), Wait)
    scenario.at("2026-01-03T00:00:00")
    assert isinstance(scenario.look("over midnight", math.inf, Claim("other")), Start)


def test_waiters_ahead_that_may_not_start_today_do_not_make_a_client_seem_late() -> None:
    scenario = Scenario("1/minute,10/day")
    scenario.share(a=50)
    assert scenario.grants("a", 1) == 1
    for number in range(8):
        assert isinstance(scenario.look(f"w{number}", math.inf, Claim(f"other {number}")), Wait)
    # Five of them may borrow, so the sixth request of all is the client's.
    assert isinstance(scenario.look("mine", 6 * 60 + 5, Claim("a")), Wait)


def test_requests_behind_others_of_their_client_use_its_share() -> None:
    scenario = Scenario("1/minute,10/day")
    scenario.share(a=30, b=70)

    def forecast(behind: int) -> policy.Refuse | None:
        claim = Claim("a")
        return policy.forecast(scenario.ledger, scenario.quota, scenario.now, scenario.now + 600, claim, behind)

    assert forecast(2) is None
    refusal = forecast(3)
    assert refusal is not None
    assert (refusal.window, refusal.reserved) == ("day", 7)


def test_a_client_without_anything_left_to_borrow_is_told_when_the_next_day_begins() -> None:
    scenario = Scenario("10/day", "2026-01-02T12:00:00")
    scenario.share(a=100)
    assert scenario.refused("x", claim=Claim("other")).retry_after == DAY_S / 2
    assert isinstance(scenario.look("y", DAY_S, Claim("other")), Wait)
    assert scenario.at("2026-01-03T00:00:00").refused("y", claim=Claim("other")).retry_after == DAY_S


def test_a_drain_leaves_both_its_reserve_and_the_shares() -> None:
    scenario = Scenario("20/day")
    whole = scenario.quota
    scenario.share(a=50)
    scenario.quota = whole.leaving(5)
    assert scenario.grants("drain", 20, batch=True) == 10
    scenario.quota = whole.leaving(15)
    assert scenario.refused("x", claim=Claim("a")).window == "day"
    scenario.quota = whole
    assert scenario.grants("a", 20) == 10


def test_the_share_of_a_drain_is_of_the_whole_window() -> None:
    scenario = Scenario("20/day")
    scenario.share(a=50)
    scenario.quota = scenario.quota.leaving(10)
    assert scenario.grants("other", 20) == 10
    assert scenario.refused("x", claim=Claim("a")).reserved == 0


def test_the_accounts_own_figures_take_from_all_but_not_first_from_the_shares() -> None:
    scenario = Scenario("10/day")
    scenario.share(a=50)
    scenario.take_over(day=4)
    assert scenario.grants("other", 10) == 1
    assert scenario.grants("a", 10) == 5
    scenario.at("2026-01-03T00:00:00").take_over(day=8)
    assert scenario.grants("other", 10) == 0
    assert scenario.grants("a", 10) == 2


def test_a_changed_limit_changes_the_shares() -> None:
    scenario = Scenario("10/day")
    scenario.share(a=50)
    assert scenario.grants("a", 5) == 5
    scenario.quota = Scenario("20/day").quota
    assert scenario.grants("other", 20) == 10
    assert scenario.grants("a", 20) == 5


def test_a_registration_replaces_the_owners_shares_and_leaves_those_of_others() -> None:
    scenario = Scenario("10/day")
    assert scenario.share("one server", a=40, b=30) is None
    assert scenario.share("another", c=30) is None
    assert scenario.share("one server", b=70) is None
    assert {client: share.percent for client, share in scenario.ledger.shares.registered.items()} == {"b": 70, "c": 30}


@pytest.mark.parametrize("percents", [{"a": 101}, {"a": 60, "b": 41}, {"a": -1}, {"a": True}, {"": 1}, {"x" * 201: 1}])
def test_invalid_shares_change_nothing(percents: dict[str, int]) -> None:
    scenario = Scenario("10/day")
    scenario.share(before=10)
    before = scenario.ledger.to_json()
    assert scenario.share(**percents)
    assert scenario.ledger.to_json() == before


def test_the_shares_of_all_servers_add_up_to_100_percent_at_most() -> None:
    scenario = Scenario("10/day")
    assert scenario.share("one server", a=60) is None
    assert "add up to 110 %, with 60 % of other servers" in str(scenario.share("another", b=50))
    assert scenario.share("another", b=40) is None


def test_there_are_not_too_many_clients() -> None:
    scenario = Scenario("10/day")
    names = {f"client {number}": 0 for number in range(MOST_CLIENTS + 1)}
    assert str(MOST_CLIENTS) in str(scenario.share(**names))
    names.popitem()
    assert scenario.share(**names) is None


def test_the_counts_of_clients_that_come_and_go_are_bounded() -> None:
    scenario = Scenario("100000/day")
    for turn in range(4):
        names = {f"client {turn} {number}": 0 for number in range(100)}
        assert scenario.share(**names) is None
        for name in names:
            assert scenario.grants(name, 1) == 1
    assert len(scenario.ledger.shares.used["month"]["2026-01"]) <= 2 * MOST_CLIENTS


def test_the_shares_of_a_server_that_is_gone_expire() -> None:
    scenario = Scenario("10/day", "2026-01-02T00:00:00")
    scenario.share(a=100)
    scenario.after(VALID_S - 1)
    assert scenario.grants("other", 1) == 0
    assert scenario.after(2).grants("other", 20) == 10


def test_a_repeated_registration_is_written_only_now_and_then() -> None:
    scenario = Scenario("10/day")
    scenario.share(a=10)
    before = scenario.ledger.to_json()
    scenario.after(60).share(a=10)
    assert scenario.ledger.to_json() == before
    scenario.after(3600).share(a=10)
    assert scenario.ledger.shares.registered["a"].until == scenario.now + VALID_S


def test_a_client_that_is_registered_again_keeps_its_count() -> None:
    scenario = Scenario("10/day")
    scenario.share(a=50)
    assert scenario.grants("a", 5) == 5
    scenario.share(b=10)
    scenario.share(a=50)
    assert scenario.used_by("a") == 5


def test_a_clock_that_is_set_neither_ends_nor_prolongs_shares() -> None:
    scenario = Scenario("10/day")
    adjust(scenario.ledger, scenario.now, Uptime("a boot", 100.0))
    scenario.share(a=50)
    scenario.now += 3 * DAY_S
    adjust(scenario.ledger, scenario.now, Uptime("a boot", 100.0))
    assert scenario.grants("other", 10) == 5
    scenario.now -= 30 * DAY_S
    assert scenario.grants("other", 10) == 5
    assert scenario.ledger.shares.registered["a"].until == scenario.now + VALID_S


def test_a_ledger_without_shares_has_nothing_of_them() -> None:
    ledger = Ledger()
    assert "shares" not in ledger.to_json()
    assert Ledger.from_json(ledger.to_json().encode()) == ledger


def test_a_ledger_with_shares_is_the_same_after_it_was_stored() -> None:
    scenario = Scenario("10/day")
    scenario.share("a server", a=50, b=0)
    scenario.grants("a", 2)
    assert isinstance(scenario.look("one", 0.0, Claim("b")), Start)
    again = Ledger.from_json(scenario.ledger.to_json().encode())
    assert again == scenario.ledger
    copy = again.copy()
    copy.shares.used["day"]["2026-01-02"]["a"] = 9
    copy.shares.registered.clear()
    assert again == scenario.ledger


NAMES = ["a", "b", "c", "none"]


@st.composite
def _percents(draw: st.DrawFn) -> dict[str, int]:
    """Shares of a, b and c that add up to 100 at most."""
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=3, max_size=3)))
    return {"a": cuts[0], "b": cuts[1] - cuts[0], "c": cuts[2] - cuts[1]}


_events = st.lists(st.tuples(st.sampled_from(["ask", "ask", "lose", "refund"]), st.sampled_from(NAMES)), max_size=60)


def _play(scenario: Scenario, events: list[tuple[str, str]], prefix: str) -> Counter[str]:
    """The requests that counted, by client; each is granted if the rule says so."""
    counted: Counter[str] = Counter()
    for number, (event, client) in enumerate(events):
        ticket = f"{prefix} {number}"
        has_share_left = _has_share_left(scenario, client)
        granted = isinstance(scenario.look(ticket, 0.0, Claim(client, returns=False)), Start)
        assert granted or not has_share_left, "a client is never refused within its share while the window is not full"
        if not granted:
            continue
        if event == "refund":
            scenario.never_sent(ticket)
            continue
        counted[client] += 1
        if event == "ask":
            scenario.answer(ticket)
        else:
            scenario.lose(ticket)
    return counted


def _has_share_left(scenario: Scenario, client: str) -> bool:
    registered, limit = scenario.ledger.shares.registered, scenario.quota.calendar[0].limit
    if client not in registered or scenario.used("day") >= limit:
        return False
    return scenario.used_by(client) < limit * registered[client].percent // 100


@pytest.mark.once  # arithmetic; the cases above are tried on every Python
@given(limit=st.integers(1, 40), percents=_percents(), events=_events, order=st.permutations(NAMES))
def test_every_client_gets_its_share_whatever_the_others_do(
    limit: int, percents: dict[str, int], events: list[tuple[str, str]], order: list[str]
) -> None:
    scenario = Scenario(f"{limit}/day")
    scenario.share(**percents)
    got = _play(scenario, events, "before")
    for client in order:
        got[client] += scenario.grants(client, limit + 1)
    assert all(got[client] >= limit * percent // 100 for client, percent in percents.items())
    assert sum(got.values()) == scenario.used("day") <= limit
    for client in NAMES:
        got[client] += scenario.grants(client, 1)
    assert sum(got.values()) == limit, "if all clients ask, nothing is left over"


@pytest.mark.once  # arithmetic; the cases above are tried on every Python
@given(
    limit=st.integers(1, 40),
    percents=_percents(),
    before=_events,
    others=st.integers(0, 40),
    between=_events,
    order=st.permutations(NAMES),
)
def test_shares_that_are_registered_late_or_cut_by_others_get_what_is_left_first(
    limit: int,
    percents: dict[str, int],
    before: list[tuple[str, str]],
    others: int,
    between: list[tuple[str, str]],
    order: list[str],
) -> None:
    """`others`: the use of other programs, which the account reports."""
    scenario = Scenario(f"{limit}/day")
    _play(scenario, before, "before")
    scenario.share(**percents)
    _play(scenario, between, "between")
    scenario.take_over(day=others)
    left = max(0, limit - scenario.used("day"))
    wanted = {client: max(0, limit * percent // 100 - scenario.used_by(client)) for client, percent in percents.items()}
    flooded = scenario.grants("none", limit + 1)
    assert flooded == max(0, left - sum(wanted.values()))
    got = {client: scenario.grants(client, wanted.get(client, 0)) for client in order}
    assert sum(got.values()) == min(left, sum(wanted.values()))
    assert scenario.used("day") <= max(limit, others)
