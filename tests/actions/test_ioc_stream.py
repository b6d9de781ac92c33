"""The IoC stream: a poll continues where the last delivered one ended."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.responses import error_of
from vt_connectors.actions.stream_cursor import Cursor, read_since
from vt_connectors.contract.response import Response
from vt_connectors.errors import InvalidRequest
from vt_connectors.sandbox import Licence, SandboxConfig

from .conftest import MakeScenario, Scenario
from .deep_objects import INVOICE, KEYGEN


@pytest.fixture
def stream(make_scenario: MakeScenario) -> Scenario:
    """A stream that is empty until a test adds notifications."""
    config = SandboxConfig(licences=frozenset({Licence.PREMIUM}), stream_every_s=0)
    return make_scenario("3", config=config)


def polled(scenario: Scenario, *, delivered: bool = True, **params: Any) -> list[str]:
    """The ids of the notifications of one poll."""
    response: Response = scenario("ioc_stream", **params)  # type: ignore[assignment]
    assert response["status"] == "ok", response["summary"]
    if delivered:
        scenario.core.delivered(response)
    return [row["notification_id"] for row in response["data"]["notifications"]]


def notify(scenario: Scenario, *ids: str) -> list[str]:
    """Notifications of this second."""
    return [scenario.server.app.notify("file", sha256, "a_rule") for sha256 in ids]


def test_each_poll_has_what_is_new_the_oldest_first(stream: Scenario) -> None:
    first = notify(stream, INVOICE)
    stream.clock.advance(10)
    first += notify(stream, KEYGEN)
    assert polled(stream) == first
    assert polled(stream) == []
    stream.clock.advance(10)
    second = notify(stream, INVOICE)
    assert polled(stream) == second


def test_an_answer_that_was_not_delivered_is_repeated(stream: Scenario) -> None:
    ids = notify(stream, INVOICE, KEYGEN)
    assert polled(stream, delivered=False) == ids
    stream.clock.advance(5)
    assert polled(stream, delivered=False) == ids
    assert polled(stream) == ids
    stream.clock.advance(5)
    assert polled(stream) == []


def test_many_notifications_of_one_second_are_each_read_once_whatever_the_limit(stream: Scenario) -> None:
    ids = notify(stream, *[INVOICE] * 95)
    seen: list[str] = []
    for _ in range(40):
        new = polled(stream, limit=7)
        if not new:
            break
        seen += new
        stream.clock.advance(2)
    assert sorted(seen) == sorted(ids)
    assert len(seen) == len(set(seen))


def test_one_that_arrives_in_the_second_of_the_last_is_not_lost(stream: Scenario) -> None:
    first = notify(stream, INVOICE)
    assert polled(stream) == first
    late = notify(stream, KEYGEN)
    stream.clock.advance(2)
    assert polled(stream) == late


def test_the_cursor_of_an_answer_and_a_time_both_say_where_to_begin(stream: Scenario) -> None:
    ids = notify(stream, INVOICE)
    answer = stream("ioc_stream")
    stream.clock.advance(60)
    later = notify(stream, KEYGEN)
    assert polled(stream, since=answer["data"]["cursor"]) == later
    assert polled(stream, since=answer["data"]["since"]) == [*ids, *later]


def test_who_says_where_to_begin_does_not_move_the_position(stream: Scenario) -> None:
    first = notify(stream, INVOICE)
    stream.clock.advance(60)
    middle = stream.clock.now()
    stream.clock.advance(60)
    later = notify(stream, KEYGEN)
    since = datetime.fromtimestamp(middle, timezone.utc).isoformat()
    assert polled(stream, since=since) == later
    assert polled(stream) == [*first, *later]


def test_a_time_in_the_future_is_refused(stream: Scenario) -> None:
    error = error_of(stream("ioc_stream", since="2099-01-01T00:00:00Z"))
    assert (error["code"], "in the future" in error["message"]) == ("invalid_request", True)


def test_each_filter_has_its_own_position(stream: Scenario) -> None:
    ids = notify(stream, INVOICE)
    assert polled(stream) == ids
    assert polled(stream, filter="entity_type:file") == ids
    assert polled(stream, filter="entity_type:url") == []


def test_a_poll_needs_the_licence_and_is_never_from_the_cache(v3: Scenario, stream: Scenario) -> None:
    error = error_of(v3("ioc_stream"))
    assert (error["code"], error["details"]["licence"]) == ("forbidden", "premium")
    assert stream("ioc_stream", {"cache": "only"})["status"] == "skipped"


def test_all_processes_that_share_the_state_continue_at_one_position(
    make_scenario: MakeScenario, stream: Scenario
) -> None:
    ids = notify(stream, INVOICE)
    other = make_scenario("3", server=stream.server)
    assert polled(stream) == ids
    stream.clock.advance(5)
    assert polled(other) == []


@pytest.mark.parametrize(
    "odd", ["", "yesterday", "v1.", "v1.x.y", "v1.2026-01-02T03:04:05Z.!!", "v1.2026-01-02T03:04:05Z.e30", "-1"]
)
def test_what_is_neither_a_time_nor_a_cursor_is_refused(odd: str) -> None:
    with pytest.raises(InvalidRequest):
        read_since(odd, 2e9)


def test_a_cursor_is_read_back_and_later_ones_sort_after_it(clock: FakeClock) -> None:
    cursor = Cursor(1_700_000_000).after(1_700_000_000, "a").after(1_700_000_001, "b").after(None, "c").after(5, "d")
    assert cursor == Cursor(1_700_000_001, ("b", "c", "d"))
    assert read_since(cursor.text, max(clock.now(), 2e9)) == cursor
    assert Cursor(1_700_000_000, ("z",)).text < cursor.text
    assert read_since("2023-11-14T22:13:20", 2e9).epoch == read_since("2023-11-14T23:13:20+01:00", 2e9).epoch
