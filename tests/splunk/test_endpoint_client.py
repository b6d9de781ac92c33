"""The client of the endpoint, if splunkd or the endpoint fails while it answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scripted_server import ScriptedServer, answer, hang_up, json_answer, reset
from vt_connectors.errors import Unavailable
from vtlookup_app.alerts.index_writer import Writing
from vtlookup_app.alerts.payload import Payload
from vtlookup_app.alerts.results import Found
from vtlookup_app.endpoint_client.client import EndpointClient
from vtlookup_app.splunkd import KeyNotSeen, Splunkd

COMMENT = {"action": "add_comment", "params": {"indicator": "example.com", "comment": "seen"}}
LOOKUP = {"action": "lookup", "params": {"value": "example.com"}}


def _code(address: str, document: dict[str, Any]) -> str | None:
    client = EndpointClient(Splunkd(address, "session"), KeyNotSeen("no right to see the key"))
    error = client.answer(document)["error"]
    return error["code"] if error else None


@pytest.mark.parametrize(
    "step",
    [
        reset(),
        hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        hang_up(b"garbage\r\n"),
        answer(200, b"<html>"),
        json_answer(200, {"responses": []}),
        answer(500),
        answer(503),
    ],
)
def test_a_write_whose_reply_is_lost_may_have_been_done(step: Any) -> None:
    with ScriptedServer() as splunkd:
        splunkd.script(step)
        assert _code(splunkd.url, COMMENT) == "outcome_unknown"
        assert _code(splunkd.url, LOOKUP) == "unavailable"


def test_a_write_that_was_not_executed_may_be_repeated() -> None:
    with ScriptedServer() as splunkd:
        splunkd.script(answer(413))
        assert _code(splunkd.url, COMMENT) == "unavailable"
        url = splunkd.url
    assert _code(url, COMMENT) == "unavailable"


def test_a_reply_to_an_alert_that_is_no_http_is_a_failure_of_splunkd() -> None:
    with ScriptedServer() as splunkd:
        splunkd.script(hang_up(b"garbage\r\n"))
        payload = Payload(splunkd.url, "session", "sid", "alert", "search", "admin", None, {})
        with pytest.raises(Unavailable, match="not understood"):
            Writing(Splunkd(splunkd.url, "session"), payload, None, "").write([Found("example.com", "host")])
