"""API v2's responses: unknown, invalid, out of quota, wrong key, and batches."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.fake_clock import FakeClock
from tests.responses import error_of
from tests.scripted_server import Received, ScriptedServer, Step, answer, json_answer
from vt_connectors.contract.response import Response
from vt_connectors.errors import Forbidden
from vt_connectors.virustotal import endpoints
from vt_connectors.virustotal.batching import Batches, part_of
from vt_connectors.virustotal.budget import Budget
from vt_connectors.virustotal.http.transport import HttpResponse, NotSent
from vt_connectors.virustotal.only_v3 import OnlyInV3

from .house import HASH, LOOKUP, SECRET, core_at

DOMAIN = {"action": "lookup_domain", "params": {"domain": "example.com"}}
COMMENT = {"action": "add_comment", "params": {"indicator": HASH, "comment": "seen & noted #mail"}}
URL_SCAN = {"action": "scan_url", "params": {"url": "http://example.com/?a=1&b=2#c"}}
FOUND = {
    "response_code": 1,
    "resource": HASH,
    "sha256": HASH,
    "positives": 2,
    "total": 3,
    "scan_date": "2026-01-02 03:04:05",
    "scans": {
        "One": {"detected": True, "result": "Bad.Thing"},
        "Two": {"detected": True, "result": "bad"},
        "Three": {"detected": False, "result": None},
    },
}


def ask(request: dict[str, Any], *steps: Step, **settings: str) -> tuple[Mapping[str, Any], list[Received]]:
    with ScriptedServer() as server:
        server.script(*steps)
        core = core_at(server.url, FakeClock(), None, VT_API_VERSION="2", **settings)
        return core.answer(request), server.received


def test_a_report_has_the_data_of_v2() -> None:
    data = ask(LOOKUP, json_answer(200, FOUND))[0]["data"]
    assert data["stats"] == {"malicious": 2, "suspicious": 0, "harmless": 0, "undetected": 1, "total": 3}
    assert (data["verdict"], data["last_analysis"]) == ("suspicious", "2026-01-02T03:04:05Z")
    assert data["id"] == HASH


@pytest.mark.parametrize("unreadable", ["many", None, -1, [], 1.5])
@pytest.mark.parametrize("figure", ["positives", "total"])
def test_an_unreadable_figure_gives_no_results(figure: str, unreadable: Any) -> None:
    data = ask(LOOKUP, json_answer(200, {**FOUND, figure: unreadable}))[0]["data"]
    assert (data["verdict"], data.get("stats")) == ("unknown", None)


@pytest.mark.parametrize("report", [[FOUND], {**FOUND, "resource": HASH.upper()}, [{**FOUND, "resource": "other"}]])
def test_a_single_report_may_come_alone_or_in_an_array(report: Any) -> None:
    assert ask(LOOKUP, json_answer(200, report))[0]["data"]["stats"]["malicious"] == 2


def test_a_204_is_out_of_quota_and_all_callers_pause() -> None:
    answered, received = ask(LOOKUP, answer(204))
    error = answered["error"]
    assert (error["code"], error["http_status"], error["details"]["source"]) == ("rate_limited", 204, "upstream")
    assert error["retry_after_s"] > 0
    assert len(received) == 1


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (LOOKUP, "access_denied"),
        (COMMENT, "access_denied"),
        (URL_SCAN, "access_denied"),
        (DOMAIN, "access_denied"),
        ({"action": "rescan_file", "params": {"hash": HASH}}, "forbidden"),
        ({"action": "get_comments", "params": {"indicator": HASH}}, "forbidden"),
    ],
)
def test_an_empty_403_is_a_bad_key_or_a_call_for_private_keys(request_: dict[str, Any], code: str) -> None:
    answered, _ = ask(request_, answer(403, b"", {"Content-Type": "text/html"}))
    assert answered["error"]["code"] == code


_PAGE = b"<html>blocked</html>"
_RESCAN = {"action": "rescan_file", "params": {"hash": HASH}}


@pytest.mark.parametrize("request_", [LOOKUP, DOMAIN, {"action": "get_comments", "params": {"indicator": HASH}}])
@pytest.mark.parametrize(
    ("step", "code"),
    [
        (answer(403, _PAGE, {"Content-Type": "text/html"}), "invalid_response"),
        (json_answer(403, {"error": "blocked"}), "invalid_response"),
        (json_answer(403, {"error": {"code": "ForbiddenError"}}), "invalid_response"),
        (answer(403, b"{}", {"Content-Encoding": "gzip"}), "invalid_response"),
        (answer(401), "invalid_response"),
        (answer(404), "invalid_response"),
        (answer(407), "invalid_response"),
        (answer(409), "invalid_response"),
        (answer(413), "invalid_response"),
        (json_answer(400, {"error": "blocked"}), "invalid_response"),
        (answer(400, _PAGE), "invalid_response"),
        (answer(429), "rate_limited"),
        (answer(500), "unavailable"),
        (answer(503, _PAGE), "unavailable"),
        (answer(302, _PAGE, {"Location": "http://portal.example/"}), "invalid_response"),
    ],
)
def test_only_an_empty_403_or_204_is_virustotals_refusal(request_: dict[str, Any], step: Step, code: str) -> None:
    answered, _ = ask(request_, step)
    assert (answered["error"]["code"], answered["error"]["retryable"]) == (code, True)
    assert (answered["error"]["retry_after_s"] or 0) <= 60


@pytest.mark.parametrize("request_", [COMMENT, URL_SCAN, _RESCAN])
@pytest.mark.parametrize("status", [401, 403, 404, 409, 451, 500, 503])
def test_a_page_instead_of_v2s_answer_to_a_post_leaves_the_outcome_unknown(
    request_: dict[str, Any], status: int
) -> None:
    answered, received = ask(request_, answer(status, _PAGE, {"Content-Type": "text/html"}))
    assert (answered["error"]["code"], len(received)) == ("outcome_unknown", 1)


@pytest.mark.parametrize("report", [[], {"response_code": -1, "verbose_msg": "Invalid resource"}])
def test_a_value_that_v2_refuses_is_an_invalid_indicator(report: Any) -> None:
    assert ask(LOOKUP, json_answer(200, report))[0]["error"]["code"] == "invalid_indicator"


@pytest.mark.parametrize("status", [0, -2])
def test_unknown_and_still_queued_are_not_found(status: int) -> None:
    assert ask(LOOKUP, json_answer(200, {"response_code": status, "resource": HASH}))[0]["status"] == "not_found"


@pytest.mark.parametrize("body", [{}, {"response_code": "yes"}, {"response_code": 7}, {"data": []}])
def test_a_document_without_response_code_is_not_virustotals(body: Any) -> None:
    assert ask(LOOKUP, json_answer(200, body))[0]["error"]["code"] == "invalid_response"


@pytest.mark.parametrize("step", [answer(200, b"<html>proxy</html>"), answer(200, b'{"response_code": 1'), answer(404)])
def test_a_body_that_is_not_json_is_not_virustotals(step: Step) -> None:
    assert ask(LOOKUP, step)[0]["error"]["code"] == "invalid_response"


def test_v2_does_not_support_ipv6_and_it_costs_no_request() -> None:
    answered, received = ask({"action": "lookup_ip", "params": {"ip": "2001:4860:4860::8888"}}, answer(200))
    assert answered["error"]["code"] == "invalid_indicator"
    assert "VT_API_VERSION=3" in answered["error"]["message"]
    assert received == []


def test_a_queued_scan_is_pending_by_its_scan_id() -> None:
    request = {"action": "get_analysis", "params": {"analysis_id": f"f-{HASH}-1700000000"}}
    answered, received = ask(request, json_answer(200, {"response_code": -2, "scan_id": HASH}))
    assert (answered["status"], answered["data"]["analysis_status"]) == ("pending", "queued")
    assert parse_qs(received[0].body.decode())["resource"] == [f"{HASH}-1700000000"]


def test_a_missing_url_is_submitted_by_the_report_call_itself() -> None:
    url = "http://unscanned.example/"
    unknown = json_answer(200, {"response_code": 0, "resource": url})
    queued = json_answer(200, {"response_code": 1, "scan_id": f"{HASH}-1", "resource": url, "url": url})
    request = {"action": "lookup_url", "params": {"url": url, "scan_if_missing": True}, "options": {"max_wait_s": 0}}
    answered, received = ask(request, unknown, queued)
    assert (answered["status"], answered["data"]["analysis_id"]) == ("pending", f"u-{HASH}-1")
    assert [(seen.target, parse_qs(seen.body.decode()).get("scan")) for seen in received] == [
        ("/vtapi/v2/url/report", None),
        ("/vtapi/v2/url/report", ["1"]),
    ]


def test_the_key_is_in_the_body_if_v2_accepts_it_there() -> None:
    for request in (LOOKUP, COMMENT, URL_SCAN):
        _, (received,) = ask(request, json_answer(200, {"response_code": 1, "scan_id": "x-1"}))
        assert parse_qs(received.body.decode())["apikey"] == [SECRET]
        assert SECRET not in received.target
        assert "x-apikey" not in received.headers


def test_no_log_shows_the_key_if_v2_needs_it_in_the_url(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answered, (received,) = ask(DOMAIN, json_answer(200, {"response_code": 1}))
    assert answered["status"] == "ok"
    assert f"apikey={SECRET}" in received.target
    assert "domain/report" in caplog.text
    assert SECRET not in caplog.text + str(answered)


def test_form_values_are_fully_encoded() -> None:
    _, (received,) = ask(URL_SCAN, json_answer(200, {"response_code": 1, "scan_id": "x-1"}))
    assert parse_qs(received.body.decode())["url"] == ["http://example.com/?a=1&b=2#c"]


def batch_of(server: ScriptedServer, hashes: list[str]) -> list[Response]:
    core = core_at(server.url, FakeClock(), VT_API_VERSION="2")
    requests = [{"action": "lookup_hash", "params": {"hash": value}} for value in hashes]
    with ThreadPoolExecutor(len(hashes)) as pool:
        return list(pool.map(core.answer, requests))


def report(value: str, positives: int) -> dict[str, Any]:
    return {"response_code": 1, "resource": value, "sha256": value, "positives": positives, "total": 70, "scans": {}}


def test_a_report_in_a_batch_is_found_by_name_then_by_position() -> None:
    values = ["aa", "bb", "cc"]
    rows = [{"resource": "cc", "n": 3}, {"resource": "AA", "n": 1}, {"n": 2}]
    assert [(part_of(rows, value, values) or {}).get("n") for value in ("aa", "cc")] == [1, 3]
    assert part_of([{"n": 1}, {"n": 2}, {"n": 3}], "bb", values) == {"n": 2}
    assert part_of([{"resource": "aa"}], "bb", values) is None
    assert part_of({"resource": "bb"}, "bb", values) == {"resource": "bb"}
    assert part_of({"resource": "aa"}, "bb", values) is None
    assert part_of([], "aa", ["aa"]) is None
    assert part_of([None, "x", 7], "aa", ["aa"]) is None
    assert part_of([{"resource": "bb"}, {"resource": "aa"}, {"resource": "cc"}], "aa", values) == {"resource": "aa"}


def gathered(count: int, most: int, send: Any) -> list[Any]:
    batches = Batches(most, moment_s=5.0)

    def one(number: int) -> Any:
        try:
            return batches.send(str(number), send)
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_simultaneous_callers_share_a_request() -> None:
    sent: list[list[str]] = []

    def send(values: list[str]) -> HttpResponse:
        sent.append(list(values))
        return HttpResponse(200, {}, b"{}")

    found = gathered(8, 4, send)
    assert sorted(map(len, sent)) == [4, 4]
    assert sorted(value for values in sent for value in values) == list("01234567")
    assert all(str(number) in batch.values for number, batch in enumerate(found))


def test_all_callers_that_share_a_request_get_its_error() -> None:
    def send(values: list[str]) -> HttpResponse:
        raise NotSent("no way")

    assert [type(error) for error in gathered(4, 4, send)] == [NotSent] * 4


def test_a_shared_response_is_parsed_once(tmp_path: Path) -> None:
    batches, reads = Batches(2, moment_s=5.0), []
    lock = threading.Lock()

    def read(given: HttpResponse) -> str:
        with lock:
            reads.append(given)
        return "read"

    def one(value: str) -> Any:
        return batches.send(value, lambda values: HttpResponse(200, {}, b"")).document(read)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(one, "ab")) == ["read", "read"]
    assert len(reads) == 1


def test_hashes_asked_for_together_are_answered_each_with_its_own() -> None:
    hashes = [character * 64 for character in "abcd"]

    def echo(seen: Received) -> Step:
        asked = parse_qs(seen.body.decode())["resource"][0].split(",")
        rows = [report(value, hashes.index(value) + 3) for value in asked]
        return json_answer(200, rows if len(rows) > 1 else rows[0])

    with EchoingServer(echo) as server:
        answers = batch_of(server, hashes)
    assert [found["data"]["stats"]["malicious"] for found in answers] == [3, 4, 5, 6]
    assert all(found["meta"]["requests"] == 1 for found in answers)


def test_a_value_that_a_batch_leaves_out_is_requested_alone() -> None:
    hashes = [character * 64 for character in "abcd"]

    def first_only(seen: Received) -> Step:
        asked = parse_qs(seen.body.decode())["resource"][0].split(",")
        return json_answer(200, [report(asked[0], 5)])

    with EchoingServer(first_only) as server:
        answers = batch_of(server, hashes)
    assert [found["status"] for found in answers] == ["ok"] * 4
    assert {found["data"]["id"] for found in answers} == set(hashes)


def test_out_of_quota_in_a_batch_pauses_once() -> None:
    hashes = [character * 64 for character in "abcd"]
    with ScriptedServer() as server:
        server.script(answer(204))
        answers = batch_of(server, hashes)
    assert [error_of(found)["code"] for found in answers] == ["rate_limited"] * 4
    assert max(error_of(found)["retry_after_s"] for found in answers) <= 120


class EchoingServer(ScriptedServer):
    """Answers by what was asked."""

    def __init__(self, step_for: Any) -> None:
        super().__init__()
        self._step_for = step_for

    def _next_step(self, received: Received) -> Step:
        self.received.append(received)
        step: Step = self._step_for(received)
        return step


def test_the_refusal_of_a_v3_call_does_not_deny_what_v2_has() -> None:
    """The endpoint may be one that v2 has too: a report from which an action of v3 reads a part."""
    with pytest.raises(Forbidden) as refused:
        OnlyInV3().document(endpoints.DOMAIN, {"id": "example.com"}, Budget(0.0))
    assert refused.value.message == "this needs API v3 (domain report); set VT_API_VERSION=3"
