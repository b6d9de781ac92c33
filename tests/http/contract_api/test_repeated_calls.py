"""Calls that are repeated byte by byte are answered at once, by the same rules as all others."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.http.raw import connection, head, host_of, read_all
from tests.http.serving import EVERYTHING, READER, KnownTokens, Serving, serving
from tests.http.test_audit import Lines
from vt_connectors.adapters.http.audit import Audit
from vt_connectors.adapters.http.callers import Caller
from vt_connectors.adapters.http.listening import Limits
from vt_connectors.adapters.http.messages import Call

EICAR = "44d88612fea8a8f36de82e1278abb02f"
LOOKUP = {"action": "lookup_hash", "params": {"hash": EICAR}}
BODY = json.dumps(LOOKUP)
GET = f"/v1/lookup?value={EICAR}"
JSON = {"Content-Type": "application/json"}


def _settled(response: dict[str, Any]) -> dict[str, Any]:
    """The response without what depends on the moment."""
    meta = {name: value for name, value in response["meta"].items() if name not in ("age_s", "duration_ms")}
    return {**response, "meta": meta}


def _known(server: Serving, token: str = READER) -> dict[str, Any]:
    """The last of three responses: from VirusTotal, from the cache, and the first one at once."""
    responses = [server.run(LOOKUP, token) for _ in range(3)]
    assert [each["meta"]["source"] for each in responses] == ["api", "cache", "cache"]
    assert _settled(responses[2]) == _settled(responses[1])
    return _settled(responses[2])


def _held(server: Serving) -> threading.Thread:
    """A call that holds the only thread until the sandbox answers."""
    other = {"action": "lookup_hash", "params": {"hash": "1" * 64}}
    before = len(server.sandbox.requests)
    thread = threading.Thread(target=server.run, args=(other, EVERYTHING), daemon=True)
    thread.start()
    waited = threading.Event()
    while len(server.sandbox.requests) == before:
        waited.wait(0.01)
    return thread


def test_a_repeated_call_needs_no_thread(tmp_path: Path) -> None:
    opened = threading.Event()
    opened.set()
    with serving(tmp_path, limits=Limits(threads=1), hold=lambda: opened.wait(60)) as server:
        known = _known(server)
        opened.clear()
        thread = _held(server)
        try:
            assert _settled(server.run(LOOKUP, READER)) == known
            assert thread.is_alive()
        finally:
            opened.set()
        thread.join(60)


@pytest.mark.parametrize(
    ("method", "path", "rest"),
    [
        ("POST", "/v1/run", {"data": BODY, "headers": JSON}),
        ("POST", "/v1/run?http_status=1", {"data": BODY, "headers": JSON}),
        ("POST", "/v1/actions/lookup_hash", {"data": json.dumps({"params": {"hash": EICAR}}), "headers": JSON}),
        ("GET", GET, {}),
        ("HEAD", GET, {}),
        ("POST", "/v1/run", {"data": BODY, "headers": {**JSON, "Prefer": "status"}}),
        ("POST", "/v1/run", {"data": BODY, "headers": {**JSON, "Idempotency-Key": "one"}}),
    ],
)
def test_it_has_the_same_status_headers_and_body(tmp_path: Path, method: str, path: str, rest: Any) -> None:
    with serving(tmp_path) as server:
        server.run(LOOKUP)
        replies = [server.call(method, path, READER, **rest) for _ in range(3)]
    for reply in replies:
        assert reply.status_code == 200
        assert (len(reply.content) > 0) is (method != "HEAD")
    first, *others = [
        {name: value for name, value in reply.headers.items() if name not in ("X-Vtaction-Request-Id", "Date")}
        for reply in replies
    ]
    if method != "HEAD":
        bodies = [_settled(reply.json()) for reply in replies]
        assert bodies[0] == bodies[1] == bodies[2]
        # The length of the body depends on the age and the time that it took.
        for headers in (first, *others):
            del headers["Content-Length"]
    assert others == [first, first]
    assert len({reply.headers["X-Vtaction-Request-Id"] for reply in replies}) == 3


def test_each_repetition_has_a_line_in_the_audit_log_and_is_counted(tmp_path: Path) -> None:
    lines = Lines()
    with serving(tmp_path, watchers=[Audit(lines, FakeClock(), str)]) as server:
        _known(server)
        counted = server.call("GET", "/metrics").text
    asked = [entry for entry in lines.entries if entry["action"] == "lookup_hash"]
    assert [entry["source"] for entry in asked] == ["api", "cache", "cache"]
    assert len({entry["id"] for entry in asked}) == 3
    without = [{k: v for k, v in entry.items() if k not in ("id", "bytes", "took_ms")} for entry in asked[1:]]
    assert without[0] == without[1]
    assert 'vtaction_cache_hits_total{kind="hash"} 2.0' in counted
    assert "vtaction_inflight 1.0" in counted


def test_checks_of_calls_and_tokens_come_first(tmp_path: Path) -> None:
    callers = {READER: Caller("reader"), EVERYTHING: Caller("everything")}
    tokens = KnownTokens(callers)
    with serving(tmp_path, tokens=tokens) as server:
        _known(server)
        for headers, status in (
            ({"Host": "evil.example"}, 421),
            ({"Origin": "http://evil.example"}, 403),
            ({"X-Forwarded-For": "192.0.2.1"}, 403),
            ({"Content-Type": "text/plain"}, 415),
            ({"Content-Encoding": "gzip"}, 415),
        ):
            reply = server.call("POST", "/v1/run", READER, {**JSON, **headers}, data=BODY)
            assert reply.status_code == status, headers
        assert server.call("POST", "/v1/run", None, JSON, data=BODY).status_code == 401
        assert server.call("POST", "/v1/run", "wrong", JSON, data=BODY).status_code == 401
        tokens._callers[READER] = Caller("reader", frozenset())
        assert server.call("POST", "/v1/run", READER, JSON, data=BODY).status_code == 403
        del tokens._callers[READER]
        assert server.call("POST", "/v1/run", READER, JSON, data=BODY).status_code == 401


def test_new_settings_hold_for_repeated_calls_too(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text("{}")
    settings.chmod(0o600)
    with serving(tmp_path, VT_CONFIG=str(settings)) as server:
        assert _known(server)["data"]["verdict"] == "malicious"
        settings.write_text(json.dumps({"thresholds": {"malicious": 1000, "suspicious": 1000}}))
        server.service.reload()
        verdicts = [server.run(LOOKUP, READER)["data"]["verdict"] for _ in range(3)]
    assert set(verdicts).isdisjoint({"malicious"})
    assert len(set(verdicts)) == 1


def test_a_refreshed_answer_is_given_from_then_on(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        _known(server)
        fresh = server.run({**LOOKUP, "options": {"cache": "refresh"}}, READER)
        again = [server.run(LOOKUP, READER) for _ in range(3)]
    assert [each["meta"]["fetched_at"] for each in again] == [fresh["meta"]["fetched_at"]] * 3
    assert len(server.sandbox.requests) == 2


def test_calls_sent_in_one_go_are_answered_in_order(tmp_path: Path) -> None:
    values = [EICAR, "2" * 64, EICAR, EICAR]
    with serving(tmp_path) as server:
        for value in (*values, *values):
            server.call("GET", f"/v1/lookup?value={value}", READER)
        calls = [
            head(server, f"GET /v1/lookup?value={value} HTTP/1.1", f"Authorization: Bearer {READER}")
            for value in values
        ]
        last = head(server, "GET /healthz HTTP/1.1", "Connection: close")
        with connection(server) as client:
            client.sendall(b"".join((*calls, last)))
            received = read_all(client)
    bodies = [each.partition(b"\r\n\r\n")[2] for each in received.split(b"HTTP/1.1 ")[1:]]
    asked = [json.loads(body)["data"]["indicator"] for body in bodies[:-1]]
    assert (asked, len(bodies)) == (values, 5)


@pytest.mark.parametrize(("line", "header"), [("HTTP/1.1", "Connection: close"), ("HTTP/1.0", "Accept: */*")])
def test_a_client_that_wants_the_connection_closed_gets_that(tmp_path: Path, line: str, header: str) -> None:
    with serving(tmp_path) as server:
        for _ in range(2):
            server.call("GET", GET, READER)
        with connection(server) as client:
            client.sendall(head(server, f"GET {GET} {line}", f"Authorization: Bearer {READER}", header))
            received = read_all(client)
    begin, _, body = received.partition(b"\r\n\r\n")
    assert b"\r\nConnection: close" in begin
    assert json.loads(body)["meta"]["source"] == "cache"


def test_a_body_that_comes_in_pieces_is_the_same_call(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        known = _known(server)
        line = "POST /v1/run HTTP/1.1"
        fields = (f"Authorization: Bearer {READER}", "Content-Type: application/json", "Connection: close")
        with connection(server) as client:
            whole = head(server, line, *fields, f"Content-Length: {len(BODY)}") + BODY.encode()
            for place in range(0, len(whole), 50):
                client.sendall(whole[place : place + 50])
            pieces = json.loads(read_all(client).partition(b"\r\n\r\n")[2])
        with connection(server) as client:
            client.sendall(head(server, line, *fields, "Transfer-Encoding: chunked"))
            client.sendall(f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n".encode())
            chunked = json.loads(read_all(client).partition(b"\r\n\r\n")[2])
    assert _settled(pieces) == _settled(chunked) == known


def test_while_the_server_stops_repeated_calls_are_refused_like_all_others(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        _known(server)
        server.service.application.is_stopping = True
        assert server.call("POST", "/v1/run", READER, JSON, data=BODY).status_code == 503


def test_headers_that_change_the_reply_are_not_overlooked(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        _known(server)
        preferred = server.call("POST", "/v1/run", READER, {**JSON, "Prefer": "status"}, data=BODY)
        malformed = server.call("POST", "/v1/run", READER, {**JSON, "Idempotency-Key": "\u00e9"}, data=BODY)
    assert preferred.headers["Preference-Applied"] == "status"
    assert malformed.status_code == 400


def test_a_reply_to_head_has_no_body(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for _ in range(3):
            with connection(server) as client:
                client.sendall(
                    head(server, f"HEAD {GET} HTTP/1.1", f"Authorization: Bearer {READER}", "Connection: close")
                )
                received = read_all(client)
            assert received.startswith(b"HTTP/1.1 200")
            assert received.endswith(b"\r\n\r\n")


def test_a_reply_whose_line_of_the_audit_log_would_have_to_wait_is_left_to_a_thread(tmp_path: Path) -> None:
    lines = Lines()
    with serving(tmp_path, watchers=[Audit(lines, FakeClock(), str)]) as server:
        _known(server)
        headers = {"host": host_of(server), "authorization": f"Bearer {READER}", "content-type": "application/json"}
        found = []
        for lines.is_ready in (True, False):
            body = json.dumps(LOOKUP).encode()
            call = Call.new("POST", "/v1/run", "", headers, io.BytesIO(body), len(body))
            found.append(server.service.application.at_once(call) is not None)
    assert found == [True, False]
