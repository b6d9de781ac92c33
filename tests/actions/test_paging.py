"""Pages of forty rows up to the limit; no row is requested twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer, Step, answer, json_answer
from tests.virustotal.house import core_at
from vt_connectors.core import Core

from .conftest import Scenario


def page(count: int, cursor: str | None, first: int = 0) -> Step:
    rows = [
        {
            "type": "resolution",
            "id": str(number),
            "attributes": {
                "host_name": f"h{number}.example.com",
                "ip_address": "192.0.2.1",
                "date": 1_700_000_000 - number,
            },
        }
        for number in range(first, first + count)
    ]
    return json_answer(200, {"data": rows, "meta": {} if cursor is None else {"cursor": cursor}})


def asked(core: Core, limit: int, **options: Any) -> Mapping[str, Any]:
    params = {"domain": "example.com", "limit": limit}
    return core.answer({"action": "passive_dns", "params": params, "options": options})


def queries(server: ScriptedServer) -> list[tuple[str, str | None]]:
    found = [parse_qs(urlsplit(request.target).query) for request in server.received]
    return [(query["limit"][0], query.get("cursor", [None])[0]) for query in found]


def test_pages_are_asked_for_until_the_limit_is_reached(clock: FakeClock) -> None:
    with ScriptedServer() as server:
        server.script(page(40, "a&b=c"), page(40, "second", 40), page(10, "third", 80))
        found = asked(core_at(server.url, clock), 90)
        assert queries(server) == [("40", None), ("40", "a&b=c"), ("10", "second")]
    data = found["data"]
    assert [row["host"] for row in data["resolutions"]] == [f"h{number}.example.com" for number in range(90)]
    assert (data["more"], found["meta"]["requests"]) == (True, 3)


@pytest.mark.parametrize("cursor", [None, "", "same"])
def test_no_cursor_an_empty_one_or_the_same_again_is_the_end(clock: FakeClock, cursor: str | None) -> None:
    with ScriptedServer() as server:
        server.script(page(40, "same"), page(40, cursor, 40))
        data = asked(core_at(server.url, clock), 400)["data"]
        assert len(server.received) == 2
    assert (len(data["resolutions"]), data["more"]) == (80, False)


def test_an_empty_page_is_the_end(clock: FakeClock) -> None:
    with ScriptedServer() as server:
        server.script(page(40, "next"), page(0, "further"))
        assert len(asked(core_at(server.url, clock), 400)["data"]["resolutions"]) == 40
        assert len(server.received) == 2


def test_more_rows_than_asked_for_are_cut(clock: FakeClock) -> None:
    with ScriptedServer() as server:
        server.script(page(40, None))
        data = asked(core_at(server.url, clock), 7)["data"]
    assert (len(data["resolutions"]), data["more"]) == (7, True)


def test_what_was_read_before_the_quota_ran_out_is_not_lost(clock: FakeClock) -> None:
    with ScriptedServer() as server:
        server.script(page(40, "next"), answer(429))
        core = core_at(server.url, clock)
        found = asked(core, 120)
        assert (found["status"], len(found["data"]["resolutions"]), found["data"]["more"]) == ("ok", 40, True)
        assert asked(core, 40)["meta"]["source"] == "cache"
        clock.advance(600)
        server.script(page(40, "next"), page(40, "more", 40), page(40, None, 80))
        assert len(asked(core, 120)["data"]["resolutions"]) == 120


def test_out_of_quota_before_the_first_page_is_an_error(clock: FakeClock) -> None:
    with ScriptedServer() as server:
        server.script(answer(429))
        assert asked(core_at(server.url, clock), 40)["error"]["code"] == "rate_limited"


def test_fewer_rows_come_from_the_cache_and_more_are_requested(clock: FakeClock) -> None:
    with ScriptedServer() as server:
        server.script(page(40, "next"), page(40, "next", 40), page(20, "next", 80))
        core = core_at(server.url, clock)
        sources = [asked(core, limit)["meta"]["source"] for limit in (40, 10, 40, 60)]
    assert sources == ["api", "cache", "cache", "api"]


def test_all_there_is_serves_every_limit(clock: FakeClock) -> None:
    with ScriptedServer() as server:
        server.script(page(3, None))
        core = core_at(server.url, clock)
        answers = [asked(core, limit) for limit in (10, 40, 4000)]
        assert len(server.received) == 1
    assert [len(found["data"]["resolutions"]) for found in answers] == [3, 3, 3]


def test_raw_rows_are_asked_for_where_they_were_not_kept(clock: FakeClock) -> None:
    with ScriptedServer() as server:
        server.script(page(3, None))
        core = core_at(server.url, clock)
        assert "raw" not in asked(core, 2)["data"]
        raw = asked(core, 2, include=["raw"])["data"]["raw"]["data"]
        assert [row["id"] for row in raw] == ["0", "1"]
        assert asked(core, 2, include=["engines"])["meta"]["source"] == "cache"


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"domain": "example.com", "ip": "8.8.8.8"}, "/params"),
        ({}, "/params"),
        ({"domain": "example.com", "limit": 0}, "/params/limit"),
        ({"domain": "example.com", "limit": 4001}, "/params/limit"),
        ({"domain": "example.com", "limit": "40"}, "/params/limit"),
    ],
)
def test_a_wrong_parameter_is_reported_by_its_path(v3: Scenario, params: dict[str, Any], path: str) -> None:
    error = v3("passive_dns", **params)["error"]
    assert (error["code"], error["details"]["path"]) == ("invalid_request", path)
