"""The IoC stream in Python: an answer is finished at the next call or at `close()`, and not before."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.python_api.conftest import Connect
from tests.python_api.fake_core import FakeCore, document
from vt_connectors import InvalidRequest, IocStream, VirusTotal

KEY = "premium-stream-test"


def _numbers(answer: IocStream) -> list[str]:
    return [item.notification_id for item in answer.notifications]


def test_a_notification_has_its_object_and_where_it_comes_from(at_sandbox: Connect) -> None:
    answer = at_sandbox(api_key=KEY).ioc_stream(limit=40)
    assert (answer.status, len(answer.notifications), answer.more) == ("ok", 40, True)
    dates = [item.notified for item in answer.notifications]
    assert all(date is not None and date.tzinfo is timezone.utc for date in dates)
    assert dates == sorted(date for date in dates if date is not None)
    assert answer.since is not None
    assert {item.origin for item in answer.notifications} <= {"hunting", "subscriptions"}
    assert any(item.rule and item.sources and item.verdict for item in answer.notifications)


def test_each_call_goes_on_where_the_last_ended(at_sandbox: Connect) -> None:
    with at_sandbox(api_key=KEY) as vt:
        read = [number for _ in range(3) for number in _numbers(vt.ioc_stream(limit=5))]
    assert len(set(read)) == 15
    with at_sandbox(api_key=KEY) as other:
        further = _numbers(other.ioc_stream(limit=5))
    assert len(further) == 5
    assert not set(further) & set(read)


def test_a_program_that_fails_while_it_works_on_an_answer_gets_it_again(at_sandbox: Connect) -> None:
    seen: list[list[str]] = []

    def work_and_fail() -> None:
        with at_sandbox(api_key=KEY) as vt:
            seen.append(_numbers(vt.ioc_stream(limit=5)))
            raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            work_and_fail()
    killed = at_sandbox(api_key=KEY)
    assert _numbers(killed.ioc_stream(limit=5)) == seen[0] == seen[1]
    finished = at_sandbox(api_key=KEY)
    assert _numbers(finished.ioc_stream(limit=5)) == seen[0], "the other connection has not finished its answer"
    finished.close()
    assert not set(_numbers(at_sandbox(api_key=KEY).ioc_stream(limit=5))) & set(seen[0])


def test_a_cursor_or_a_time_says_where_to_begin(at_sandbox: Connect) -> None:
    vt = at_sandbox(api_key=KEY)
    first = vt.ioc_stream(limit=5)
    second = vt.ioc_stream(since=first.cursor, limit=5)
    assert not set(_numbers(first)) & set(_numbers(second))
    assert _numbers(vt.ioc_stream(since=first.cursor, limit=5)) == _numbers(second)
    hour_ago = datetime.now(timezone.utc) - timedelta(hours=1)
    recent = vt.ioc_stream(since=hour_ago.astimezone(timezone(timedelta(hours=5))))
    assert recent.since == hour_ago.replace(microsecond=0)
    assert 1 <= len(recent.notifications) <= 7
    with pytest.raises(ValueError, match="time zone"):
        vt.ioc_stream(since=datetime(2026, 1, 2))
    with pytest.raises(InvalidRequest, match="since"):
        vt.ioc_stream(since="yesterday")


def _stream(cursor: str | None = "c", **data: Any) -> Any:
    return document(data={"notifications": [], **({"cursor": cursor} if cursor else {}), **data})


def test_an_answer_is_delivered_at_the_next_call_of_the_same_stream(vt_of: VirusTotal, core: FakeCore) -> None:
    core.respond = lambda request: _stream(f"{request.params.get('filter')} {len(core.requests)}")
    vt_of.ioc_stream()
    assert core.was_delivered == []
    vt_of.ioc_stream(filter="origin:hunting")
    assert core.was_delivered == [], "another stream says nothing about the work on this one"
    vt_of.run("ioc_stream")
    assert [each["data"]["cursor"] for each in core.was_delivered] == ["None 1"]
    vt_of.close()
    assert {each["data"]["cursor"] for each in core.was_delivered} == {"None 1", "origin:hunting 2", "None 3"}
    vt_of.close()
    assert len(core.was_delivered) == 3


def test_nothing_is_delivered_after_a_failure_and_each_answer_once(vt_of: VirusTotal, core: FakeCore) -> None:
    core.respond = lambda _: _stream()
    vt_of.ioc_stream()
    core.respond = lambda request: (_ for _ in ()).throw(InvalidRequest("no"))
    for _ in range(2):
        with pytest.raises(InvalidRequest):
            vt_of.ioc_stream()
    assert [each["data"] for each in core.was_delivered if each["data"]] == [{"notifications": [], "cursor": "c"}]


def test_a_skipped_stream_has_no_cursor(at_sandbox: Connect) -> None:
    answer = at_sandbox(api_key=KEY).ioc_stream(cache="only")
    assert (answer.status, answer.reason, answer.cursor, answer.since) == ("skipped", "not_cached", None, None)
