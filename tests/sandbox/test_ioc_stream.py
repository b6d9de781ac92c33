"""The IoC stream: what is in it when, and in what form."""

from __future__ import annotations

from typing import Any

import pytest

from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

from .calling import EICAR_SHA256, NOON, Caller, SettableClock, error_of
from .conftest import StartSandbox

DESCRIPTORS = "ioc_stream?descriptors_only=true"


@pytest.fixture
def premium(sandbox: SandboxServer) -> Caller:
    return Caller(sandbox.url, key="premium-key")


def context(row: Any) -> Any:
    return row["context_attributes"]


def test_a_notification_comes_each_ten_minutes(premium: Caller, clock: SettableClock) -> None:
    newest = premium.data(f"{DESCRIPTORS}&limit=1")
    clock.advance(599)
    assert premium.data(f"{DESCRIPTORS}&limit=1") == newest
    clock.advance(1)
    rows = premium.data(f"{DESCRIPTORS}&limit=2")
    assert rows[1:] == newest
    assert context(rows[0])["notification_date"] == int(NOON) + 600


def test_polling_from_the_last_date_gives_the_new_ones_oldest_first(premium: Caller, clock: SettableClock) -> None:
    last = context(premium.data(f"{DESCRIPTORS}&limit=1")[0])["notification_date"]
    clock.advance(1800)
    asked = {"filter": "date:2025-10-09T12:00:00+", "order": "date+", "descriptors_only": "true", "limit": "40"}
    answer = premium.get("ioc_stream", params=asked).json()
    assert [context(row)["notification_date"] - last for row in answer["data"]] == [0, 600, 1200, 1800]
    assert answer["meta"] == {"count": 4, "cursor": ""}


def test_a_test_may_add_notifications(start_sandbox: StartSandbox, clock: SettableClock) -> None:
    server = start_sandbox(Quota.unlimited(), config=SandboxConfig(stream_every_s=0))
    caller = Caller(server.url, key="premium-key")
    assert caller.data("ioc_stream") == []
    first = server.app.notify("file", EICAR_SHA256, "my_rule")
    second = server.app.notify("file", EICAR_SHA256, "other_rule")
    rows = caller.data("ioc_stream")
    assert [context(row)["notification_id"] for row in rows] == [second, first]
    assert [row["id"] for row in rows] == [EICAR_SHA256] * 2
    assert context(rows[1])["hunting_info"]["rule_name"] == "my_rule"
    assert {name: rows[0][name] for name in ("type", "attributes")} == {
        name: caller.data(f"files/{EICAR_SHA256}")[name] for name in ("type", "attributes")
    }


def test_notifications_older_than_a_week_are_gone(premium: Caller, clock: SettableClock) -> None:
    assert premium.get(DESCRIPTORS).json()["meta"]["count"] == 7 * 24 * 6
    oldest = premium.get("ioc_stream?order=date%2B&limit=1&descriptors_only=true").json()["data"]
    clock.advance(600)
    assert premium.get("ioc_stream?order=date%2B&limit=1&descriptors_only=true").json()["data"] != oldest


def test_every_origin_kind_and_a_repeated_object_are_there(premium: Caller) -> None:
    rows: list[Any] = []
    answer = premium.get(f"{DESCRIPTORS}&limit=40").json()
    for _ in range(3):
        rows += answer["data"]
        answer = premium.session.get(answer["links"]["next"], timeout=60).json()
    assert {row["type"] for row in rows} == {"file", "url", "domain", "ip_address"}
    assert {context(row)["origin"] for row in rows} == {"hunting", "subscriptions"}
    assert all((context(row)["hunting_info"] is None) == (context(row)["origin"] == "subscriptions") for row in rows)
    assert len({context(row)["notification_id"] for row in rows}) == 120
    assert len({row["id"] for row in rows}) < 120


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("origin:subscriptions", "origin", "subscriptions"),
        ("entity_type:domain", "type", "domain"),
        ("source_type:hunting_ruleset origin:hunting", "origin", "hunting"),
    ],
)
def test_filters_select(premium: Caller, words: str, name: str, value: str) -> None:
    rows = premium.get("ioc_stream", params={"filter": words, "descriptors_only": "true", "limit": "40"}).json()["data"]
    assert len(rows) == 40
    assert {row.get(name) or context(row)[name] for row in rows} == {value}


@pytest.mark.parametrize(
    "query",
    [
        "limit=41",
        "order=size-",
        "filter=origin:notHunting",
        "filter=colour:red",
        "filter=date:yesterday%2B",
        "cursor=x",
    ],
)
def test_what_is_not_valid_is_refused(premium: Caller, query: str) -> None:
    assert error_of(premium.get(f"ioc_stream?{query}"))[0] == 400


def test_a_public_key_has_no_stream(caller: Caller) -> None:
    assert error_of(caller.get("ioc_stream"))[:2] == (403, "ForbiddenError")


def test_notifications_can_be_read_and_deleted(premium: Caller) -> None:
    ident = context(premium.data(f"{DESCRIPTORS}&limit=1")[0])["notification_id"]
    path = f"{premium.base}/ioc_stream_notifications/{ident}"
    assert premium.session.get(path, timeout=60).status_code == 200
    assert premium.session.delete(path, timeout=60).status_code == 200
    assert premium.session.get(path, timeout=60).status_code == 404
    assert context(premium.data(f"{DESCRIPTORS}&limit=1")[0])["notification_id"] != ident
    premium.session.delete(f"{premium.base}/ioc_stream?filter=origin:hunting", timeout=60)
    assert premium.data("ioc_stream?filter=origin:hunting") == []
    assert premium.data("ioc_stream?filter=origin:subscriptions&limit=1") != []
