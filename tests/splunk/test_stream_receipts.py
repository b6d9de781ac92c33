"""The position in the IoC stream moves for those who got the answer, in any process of the endpoint, and no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

from .endpoint_harness import ANALYST, batch, call, codes, lookup_of
from .fake_endpoints import FakeEndpoints
from .fake_splunkd import SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup

KEY = "premium-key-of-the-tests"
READER = ANALYST | {"run_vtlookup_write"}
NOT_GIVEN = "the receipt is not for this user, key, filter and position"


@pytest.fixture
def stream() -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited(), config=SandboxConfig(stream_every_s=0)) as server:
        for number in range(4):
            server.app.notify("domain", "malicious.example", f"rule {number}")
        yield server


@pytest.fixture
def door(splunkd: FakeSplunkd, stream: SandboxServer) -> FakeSplunkd:
    splunkd.password = KEY
    splunkd.settings = {**splunkd.settings, "api_url": stream.url}
    splunkd.users.update({SESSION: READER, "other": READER})
    splunkd.names["other"] = "somebody else"
    return splunkd


def poll(door: FakeSplunkd, **params: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The data of an answer, and the call that says that it arrived."""
    document = {"action": "ioc_stream", "params": {"limit": 2, **params}, "options": {"cache": "off"}}
    status, answer = call(door, document)
    [response] = answer["responses"]
    assert (status, response["error"]) == (200, None)
    data = response["data"]
    [(cursor, receipt)] = answer["receipts"].items()
    assert cursor == data["cursor"]
    assert KEY not in json.dumps(answer)
    return data, {"filter": params.get("filter"), "cursor": cursor, "receipt": receipt}


def numbers(door: FakeSplunkd, **params: Any) -> list[str]:
    return [row["notification_id"] for row in poll(door, **params)[0]["notifications"]]


def another_process(door: FakeSplunkd, command: Lookup) -> None:
    """The endpoint's processes from now on are new ones."""
    assert door.endpoints is not None
    door.endpoints.end()
    door.endpoints = FakeEndpoints(command.app, command.python, command.process_environment)


def test_a_receipt_moves_the_position_also_in_another_process(door: FakeSplunkd, keyless: Lookup) -> None:
    first, delivered = poll(door)
    assert numbers(door) == [row["notification_id"] for row in first["notifications"]]
    another_process(door, keyless)
    assert call(door, {"delivered": delivered}) == (200, {"delivered": True})
    rest = numbers(door)
    assert len(rest) == 2
    assert not {*rest} & {row["notification_id"] for row in first["notifications"]}


def test_a_receipt_is_for_one_user(door: FakeSplunkd) -> None:
    before = numbers(door)
    _, delivered = poll(door)
    assert call(door, {"delivered": delivered}, session="other")[1] == {"delivered": False, "error": NOT_GIVEN}
    assert numbers(door) == before


def test_a_receipt_is_for_one_key(door: FakeSplunkd, keyless: Lookup) -> None:
    _, delivered = poll(door)
    door.password = "premium-another-key"
    another_process(door, keyless)
    before = numbers(door)
    assert call(door, {"delivered": delivered})[1] == {"delivered": False, "error": NOT_GIVEN}
    assert numbers(door) == before


def test_a_receipt_is_for_one_filter_and_one_position(door: FakeSplunkd) -> None:
    before = numbers(door)
    _, delivered = poll(door)
    for changed in (
        {"filter": "entity_type:file"},
        {"cursor": "v1.9999-01-02T03:04:05Z.W10"},
        {"cursor": None},
        {"cursor": [delivered["cursor"]]},
        {"receipt": ""},
        {"receipt": None},
        {"receipt": "\ud800"},
        {"receipt": delivered["receipt"].upper()},
    ):
        assert call(door, {"delivered": {**delivered, **changed}})[1] == {"delivered": False, "error": NOT_GIVEN}
    assert numbers(door) == before


def test_a_filter_that_is_null_is_none(door: FakeSplunkd) -> None:
    _, delivered = poll(door, filter=None)
    assert call(door, {"delivered": {**delivered, "filter": ""}}) == (200, {"delivered": True})
    assert len(numbers(door)) == 2


def test_without_the_right_a_receipt_moves_nothing(door: FakeSplunkd) -> None:
    before = numbers(door)
    _, delivered = poll(door)
    door.users[SESSION] = ANALYST
    status, answer = call(door, {"delivered": delivered})
    assert (status, answer["delivered"]) == (200, False)
    assert "run_vtlookup_write" in answer["error"]
    assert numbers(door) == before


@pytest.mark.parametrize("document", [None, [], "x", {}, {"cursor": "a", "receipt": "b"}, {"filter": 1, "more": 2}])
def test_a_call_of_another_form_is_refused(document: Any, door: FakeSplunkd) -> None:
    status, answer = call(door, {"delivered": document})
    assert (status, codes(answer)) == (400, ["invalid_request"])


def test_rights_that_cannot_be_read_are_missing(door: FakeSplunkd) -> None:
    _, delivered = poll(door)
    door.failing = {"current-context": 503}
    assert call(door, {"delivered": delivered})[0] == 500


def test_other_answers_have_no_receipts(door: FakeSplunkd) -> None:
    assert "receipts" not in call(door, lookup_of(EICAR_MD5))[1]
    documents = [lookup_of(EICAR_MD5), {"action": "ioc_stream", "params": {"since": "soon"}}, "x"]
    answer = call(door, batch(documents))[1]
    assert codes(answer) == ["ok", "invalid_request", "invalid_request"]
    assert "receipts" not in answer


def test_wrong_settings_are_reported(door: FakeSplunkd, keyless: Lookup) -> None:
    _, delivered = poll(door)
    another_process(door, keyless)
    door.settings = {**door.settings, "quota": "much"}
    status, answer = call(door, {"delivered": delivered})
    assert (status, codes(answer)) == (500, ["config_error"])
