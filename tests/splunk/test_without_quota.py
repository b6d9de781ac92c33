"""Rows that find no quota say whether they are queued, and many of them cost next to nothing."""

from __future__ import annotations

from typing import Any

import pytest

from package.splunkd_driver.csv_body import encode_body
from package.splunkd_driver.driver import Chunk, SearchInfo, SearchResult
from vt_connectors.contract.documents import Options
from vt_connectors.contract.validation import violation
from vt_connectors.errors import Unavailable
from vt_connectors.sandbox import SandboxServer
from vtlookup_app.endpoint_client.client import EndpointClient
from vtlookup_app.splunkd import KeyNotSeen

from .draining import counts, drain
from .endpoint_harness import ENDPOINT, call
from .fake_splunkd import SESSION, FakeSplunkd
from .searching import EICAR_MD5, Lookup, md5, normal, only_message, statuses

CHUNKS: list[Chunk] = [[{"x": md5(number)} for number in range(start, start + 300)] for start in (0, 200)]
FIRST: list[Chunk] = [[{"x": EICAR_MD5}]]


def queued(result: SearchResult) -> dict[str, str]:
    """By value; the flag is empty but for what is pending."""
    for record in result.records:
        assert record["vt_queued"] in (("true", "false") if record["vt_status"] == "pending" else ("",))
    return {str(record["x"]): str(record["vt_queued"]) for record in result.records}


def test_rows_say_whether_they_are_queued_and_as_many_are(everywhere: Lookup, sandbox: SandboxServer) -> None:
    limited = everywhere.set(VT_QUOTA="1/month", VT_PENDING_MAX="40")
    assert queued(normal(limited(FIRST, "hash=x"))) == {EICAR_MD5: ""}
    for _ in range(2):
        result = limited([*CHUNKS, *FIRST], "hash=x", "wait=0")
        reported = queued(result)
        flags = [reported[md5(number)] for number in range(500)]
        # Several of the first are asked side by side.
        assert (flags.count("true"), set(flags[48:])) == (40, {"false"})
        assert statuses(result)[-1] == "ok"
        assert "500 of 501 hashes are pending, 40 of them queued: the key allows 1 requests a month" in only_message(
            result
        )
    assert len(sandbox.requests) == 1
    assert counts(drain(limited.set(VT_QUOTA="none")))["asked"] == 40


def test_unstored_lookups_are_not_queued(lookup: Lookup) -> None:
    result = lookup.set(VT_QUOTA="1/month")(CHUNKS, "hash=x", "wait=0", "cache=off")
    assert set(queued(result).values()) == {"", "false"}
    assert "499 of 500 hashes are pending, 0 of them queued" in only_message(result)
    assert counts(drain(lookup))["left"] == 0


def test_a_preview_says_that_nothing_is_queued(lookup: Lookup) -> None:
    with lookup.process() as process:
        process.exchange(SearchInfo(["hash=x"]).as_metadata())
        body = encode_body(["x"], [{"x": md5(1)}, {"x": ""}])
        reply = process.exchange({"action": "execute", "finished": False, "preview": True}, body)
        assert reply is not None
        assert [(row["vt_status"], row["vt_queued"]) for row in reply.records] == [("pending", "false"), ("", "")]


def test_each_value_of_a_field_has_its_own_flag(lookup: Lookup) -> None:
    limited = lookup.set(VT_QUOTA="1/month")
    limited(FIRST, "hash=x")
    result = limited([[{"x": [EICAR_MD5, md5(1), "10.0.0.1"]}]], "ioc=x", "wait=0")
    assert result.records[0]["vt_status"] == ["ok", "pending", "skipped"]
    assert result.records[0]["vt_queued"] == ["", "true", ""]


def test_a_report_says_it_too(lookup: Lookup) -> None:
    limited = lookup.set(VT_QUOTA="1/month")
    limited(FIRST, "hash=x")
    [row] = limited.command("vtreport")([], f"value={md5(1)}", "wait=0").records
    assert (row["vt_status"], row["vt_queued"]) == ("pending", "true")


def search(command: Lookup, splunkd: FakeSplunkd, chunks: list[Chunk], *args: str) -> SearchResult:
    return command(chunks, *args, session_key=SESSION, splunkd_uri=splunkd.url)


def test_the_endpoint_is_asked_about_all_the_rest_at_once(
    keyless: Lookup, sandbox: SandboxServer, splunkd: FakeSplunkd
) -> None:
    splunkd.settings = {**splunkd.settings, "quota": "1/month", "pending_max": "40"}
    rows: list[Chunk] = [[{"x": md5(number)} for number in range(5000)]]
    result = search(keyless, splunkd, rows, "hash=x", "wait=0")
    reported = list(queued(result).values())
    assert (reported.count("true"), reported.count("false"), reported.count("")) == (40, 4959, 1)
    # Several of the first are asked side by side.
    assert set(reported[49:]) == {"false"}
    # A hundred as usual, and the rest by the characters that go into a call.
    assert splunkd.asked.count(ENDPOINT) <= 4
    assert len(sandbox.all_requests) == 1
    again = search(keyless, splunkd, rows, "hash=x", "wait=0")
    assert list(queued(again).values()) == reported, "what is in the queue is reported again"


def test_callers_with_a_wait_budget_wait_at_the_endpoint(
    keyless: Lookup, sandbox: SandboxServer, splunkd: FakeSplunkd
) -> None:
    splunkd.settings = {**splunkd.settings, "quota": "2/2s"}
    rows: list[Chunk] = [[{"x": md5(number)} for number in range(6)]]
    assert set(statuses(search(keyless, splunkd, rows, "hash=x", "wait=60"))) == {"ok", "not_found"}
    assert len(sandbox.requests) == 6


def refused(values: Any, **more: Any) -> dict[str, Any]:
    return {"refused": {"type": "hash", "values": values, "options": {"max_wait_s": 0}, **more}}


def test_the_endpoint_says_which_values_are_refused(splunkd: FakeSplunkd, sandbox: SandboxServer) -> None:
    splunkd.settings = {**splunkd.settings, "quota": "1/month", "pending_max": "3"}
    values = [EICAR_MD5, *map(md5, range(5)), "nothing", "10.0.0.1"]
    assert call(splunkd, refused(values[:6])) == (200, {"responses": [], "of": [None] * 6}), "no caller was refused yet"
    for value in values[:2]:
        call(splunkd, {"requests": [{"action": "lookup_hash", "params": {"hash": value}}]})
    status, reply = call(splunkd, refused(values))
    assert status == 200
    assert [violation("response.json", response) for response in reply["responses"]] == [None] * 4
    codes = [place if place is None else reply["responses"][place]["error"]["code"] for place in reply["of"]]
    assert codes == [None, *["rate_limited"] * 5, "invalid_indicator", "invalid_indicator"]
    flags = [reply["responses"][place]["error"]["details"]["queued"] for place in reply["of"][1:6]]
    assert flags == [True, True, True, False, False]
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        (refused("8.8.8.8"), 400, "invalid_request"),
        (refused([1]), 400, "invalid_request"),
        (refused([], type="file"), 400, "invalid_request"),
        (refused([], options={"max_wait_s": "long"}), 400, "invalid_request"),
        ({"refused": [], "requests": []}, 400, "invalid_request"),
        ({"refused": None}, 400, "invalid_request"),
        (refused(["x"] * 5001), 413, "too_large"),
    ],
)
def test_what_is_no_such_call_is_refused(splunkd: FakeSplunkd, document: Any, status: int, code: str) -> None:
    found, reply = call(splunkd, document)
    assert (found, reply["responses"][0]["error"]["code"]) == (status, code)


class Splunkd:
    """Answers each post with what it is given, or raises it."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)

    def post(self, path: str, document: Any) -> Any:
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


@pytest.mark.parametrize(
    "reply",
    [
        Unavailable("HTTP 400, as an endpoint of an earlier version says"),
        OSError("gone"),
        ValueError("no JSON"),
        None,
        [],
        {"responses": []},
        {"responses": [], "of": []},
        {"responses": [], "of": [0, 0]},
        {"responses": [{"meta": {}}], "of": [0, 0]},
        {"responses": [{"meta": {"a": 1}, "error": None}], "of": [0, 0]},
    ],
)
def test_an_endpoint_that_cannot_say_what_is_refused_is_asked_as_usual(reply: Any) -> None:
    splunkd: Any = Splunkd(reply)
    broker = EndpointClient(splunkd, KeyNotSeen("not for you"))
    assert broker.refused("hash", [md5(1), md5(2)], Options()) == {}
