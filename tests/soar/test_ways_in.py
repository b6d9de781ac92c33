"""Both ways in give the same answers, in bounded time, and nothing is lost when the server is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.serving import EVERYTHING, READER, Serving, serving
from tests.scripted_server import ScriptedServer, answer, hang_up, head, json_answer, reset, stall, trickle
from vt_connectors.actions import ACTIONS
from vt_connectors.adapters.soar import outcome
from vt_connectors.adapters.soar.configured import way_in_for
from vt_connectors.adapters.soar.exchange import WRITES, request
from vt_connectors.adapters.soar.in_process import InProcess
from vt_connectors.adapters.soar.serve_client import ServeClient
from vt_connectors.sandbox import SandboxServer

from .outcomes import EICAR, UNKNOWN_HASH, cases, environment_for
from .servers import silent_server

HASHES = (EICAR, UNKNOWN_HASH, "../users/me", EICAR)
LOOKUPS = [request("lookup_hash", {"hash": value}) for value in HASHES]
COMMENT = request("add_comment", {"indicator": "example.com", "comment": "seen"})
LONG_S = 60.0


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path) as server:
        yield server


def _codes(responses: list[dict[str, Any]]) -> list[str]:
    return [response["error"]["code"] if response["error"] else response["status"] for response in responses]


def test_both_ways_answer_in_order_and_ask_once_for_equal_values(
    served: Serving, sandbox: SandboxServer, tmp_path: Path
) -> None:
    here = InProcess(environment_for(sandbox.url, tmp_path / "other"))
    there = ServeClient(served.url, EVERYTHING)
    for way in (here, there):
        assert _codes(way.answers(LOOKUPS, LONG_S)) == ["ok", "not_found", "invalid_indicator", "ok"]
    assert len(sandbox.requests) == len(served.sandbox.requests) == 2


def test_the_server_is_used_if_it_is_named(served: Serving) -> None:
    assert isinstance(way_in_for(served.url, EVERYTHING, "", {}), ServeClient)
    assert isinstance(way_in_for("", "", "", {"VT_STATE": "memory"}), InProcess)
    with pytest.raises(ValueError, match="http"):
        ServeClient("file:///etc/hostname", "t")
    assert _codes(way_in_for("file:///etc/hostname", "t", "", {}).answers(LOOKUPS[:1], LONG_S)) == ["config_error"]


def test_a_wrong_token_is_a_refusal_and_says_so(served: Serving) -> None:
    responses = ServeClient(served.url, "not-a-token").answers(LOOKUPS, LONG_S)
    assert _codes(responses) == ["access_denied"] * 4
    assert all("not-a-token" not in outcome.message_of(response) for response in responses)


def test_a_token_without_the_right_is_refused_for_that_request_alone(served: Serving) -> None:
    assert _codes(ServeClient(served.url, READER).answers([COMMENT, LOOKUPS[0]], LONG_S)) == ["forbidden", "ok"]


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        (answer(200, b"<html>a proxy's page</html>"), "invalid_response"),
        (answer(200, b""), "unavailable"),
        (answer(200, b'{"status": "ok"}\n'), "invalid_response"),
        (answer(200, b'{"status": "error", "meta": {}, "error": "words"}\n'), "invalid_response"),
        (answer(200, b"[" * 100_000 + b"\n"), "invalid_response"),
        (hang_up(b"SSH-2.0-Server\r\n"), "invalid_response"),
        (answer(503, b"stopping"), "unavailable"),
        (answer(302, b"", {"Location": "http://127.0.0.1:1/"}), "config_error"),
        (reset(), "unavailable"),
    ],
)
def test_a_server_that_fails_is_said_for_each_request(steps: Any, code: str) -> None:
    with ScriptedServer() as server:
        server.script(steps)
        assert _codes(ServeClient(server.url, "t").answers(LOOKUPS[:2], LONG_S)) == [code] * 2
        assert len(server.received) == 1


def test_answers_that_came_before_the_connection_broke_are_kept() -> None:
    line = json.dumps(dict(cases()[outcome.FOUND].response)).encode() + b"\n"
    with ScriptedServer() as server:
        server.script(answer(200, line))
        assert _codes(ServeClient(server.url, "t").answers(LOOKUPS[:2], LONG_S)) == ["ok", "unavailable"]


def test_a_write_that_may_have_been_done_is_not_called_repeatable() -> None:
    with ScriptedServer() as server:
        server.script(reset())
        assert _codes(ServeClient(server.url, "t").answers([COMMENT, LOOKUPS[0]], LONG_S)) == [
            "outcome_unknown",
            "unavailable",
        ]
    refused = ServeClient("http://127.0.0.1:1", "t").answers([COMMENT], LONG_S)
    assert _codes(refused) == ["unavailable"]


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        (answer(502, b"<html>Bad Gateway</html>"), "outcome_unknown"),
        (json_answer(504, {"error": {"code": "504", "message": "GatewayTimeout"}}), "outcome_unknown"),
        (answer(200, b'{"status": "ok"}\n'), "outcome_unknown"),
        (hang_up(b"SSH-2.0-Server\r\n"), "outcome_unknown"),
        (json_answer(503, {"error": {"message": "stopping"}}, {"X-Vtaction-Request-Id": "a-1"}), "unavailable"),
        (answer(302, b"", {"Location": "http://127.0.0.1:1/"}), "config_error"),
    ],
)
def test_a_write_is_repeatable_only_if_the_server_itself_says_that_it_was_not_executed(steps: Any, code: str) -> None:
    with ScriptedServer() as server:
        server.script(steps)
        assert _codes(ServeClient(server.url, "t").answers([COMMENT], LONG_S)) == [code]


def test_a_server_that_is_slow_in_the_middle_costs_no_more_than_the_platforms_time() -> None:
    line = json.dumps(dict(cases()[outcome.FOUND].response)).encode() + b"\n"
    begin = head(200, {}, 1_000_000)
    for step, codes in ((stall(begin + line), ["ok", "timeout"]), (trickle(begin, b"x", 0.1), ["timeout"] * 2)):
        with ScriptedServer() as server:
            server.script(step)
            began = time.monotonic()
            # The server goes on for 30 s, and each of its bytes would give it further time.
            assert _codes(ServeClient(server.url, "t").answers(LOOKUPS[:2], 1.0)) == codes
            assert time.monotonic() - began < 15


SECRET = "vtc_" + "s" * 43


@pytest.mark.parametrize("around", ["{}\n", " {}", "\t{}\r\n"])
def test_blanks_around_a_token_do_not_count(served: Serving, around: str) -> None:
    assert _codes(ServeClient(served.url, around.format(EVERYTHING)).answers(LOOKUPS[:1], LONG_S)) == ["ok"]


@pytest.mark.parametrize("token", [f"{SECRET}\nX-Other: 1", f"{SECRET} {SECRET}", f"{SECRET}\u2019", f"\0{SECRET}"])
def test_a_token_that_cannot_be_sent_is_a_wrong_setting_and_is_not_repeated(token: str) -> None:
    [response] = way_in_for("http://127.0.0.1:1", token, "", {}).answers([COMMENT], LONG_S)
    assert outcome.outcome_of(response) == outcome.REFUSED
    assert SECRET not in json.dumps(response)


@pytest.mark.parametrize(
    "address",
    [
        "http://user:hunter2@127.0.0.1:1",
        "user:hunter2@127.0.0.1",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "http://a b",
        "http://a\nb",
        "http://[::1",
        "http:///v1",
    ],
)
def test_an_address_that_cannot_be_used_is_a_wrong_setting_and_its_password_is_not_repeated(address: str) -> None:
    [response] = way_in_for(address, "t", "", {}).answers([COMMENT], LONG_S)
    assert _codes([response]) == ["config_error"]
    assert "hunter2" not in json.dumps(response)


def test_certificates_that_cannot_be_read_are_a_wrong_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for bundle in (tmp_path / "missing.pem", tmp_path / "empty.pem"):
        (tmp_path / "empty.pem").write_text("no certificate", "utf-8")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
        [response] = way_in_for("https://127.0.0.1:1", "t", "", {}).answers([COMMENT], LONG_S)
        assert _codes([response]) == ["config_error"]
        assert "REQUESTS_CA_BUNDLE" in outcome.message_of(response)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert isinstance(way_in_for("https://127.0.0.1:1", "t", "", {}), ServeClient)


def test_what_a_refusing_program_says_is_shortened_and_controls_no_terminal() -> None:
    with ScriptedServer() as server:
        server.script(json_answer(400, {"error": {"message": "\x1b[31m" + "x" * 5000}}))
        [response] = ServeClient(server.url, "t").answers(LOOKUPS[:1], LONG_S)
    message = outcome.message_of(response)
    assert len(message) < 500
    assert message.isprintable()


def test_a_server_that_is_silent_costs_no_more_than_the_platforms_time() -> None:
    with silent_server() as url:
        assert _codes(ServeClient(url, "t").answers(LOOKUPS[:1], 1.0)) == ["timeout"]


def test_the_list_of_writes_is_the_registrys() -> None:
    assert {name for name, action in ACTIONS.items() if action.writes} == WRITES


def test_what_is_too_large_for_one_call_takes_several_and_one_too_large_request_fails_alone(served: Serving) -> None:
    half = request("scan_file", {"content_base64": "QUJD" * 150_000, "filename": "half.bin"})
    whole = request("scan_file", {"content_base64": "QUJD" * 300_000, "filename": "whole.bin"})
    asked = [LOOKUPS[0], half, whole, half, LOOKUPS[1]]
    responses = ServeClient(served.url, EVERYTHING).answers(asked, LONG_S)
    assert _codes(responses) == ["ok", "pending", "too_large", "pending", "not_found"]
    assert outcome.outcome_of(responses[2]) == outcome.FAILED


def test_several_calls_share_the_platforms_time() -> None:
    large = request("lookup", {"value": "x" * 600_000})
    with silent_server() as url:
        codes = _codes(ServeClient(url, "t").answers([large, large, large], 1.0))
    assert codes == ["timeout"] * 3
