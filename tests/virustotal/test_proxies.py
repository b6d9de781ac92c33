"""Proxies of the environment are used, but never for loopback."""

from __future__ import annotations

import base64
import json

import pytest

from tests.fake_clock import FakeClock
from tests.responses import error_of
from tests.scripted_server import ScriptedServer, answer, hang_up, trickle
from tests.vtaction_process import RunnerProcess

from .house import COMMENT, FOUND, LOOKUP, SECRET, core_at

_FAR = "https://vt.example.invalid"


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_is_asked_for_a_tunnel_and_never_sees_the_key(
    variable: str, server: ScriptedServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, server.url)
    server.script(answer(407, b"<html>who are you?</html>"))
    response = core_at(_FAR, clock).answer(LOOKUP)
    assert error_of(response)["code"] == "unavailable"
    assert "HTTPS_PROXY" in error_of(response)["message"]
    assert {(request.method, request.target) for request in server.received} == {("CONNECT", "vt.example.invalid:443")}
    assert not any(SECRET in str(request) for request in server.received)


def test_a_comment_through_a_proxy_that_refuses_was_not_sent(
    server: ScriptedServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    server.script(hang_up())
    response = core_at(_FAR, clock).answer(COMMENT)
    assert (error_of(response)["code"], len(server.received)) == ("unavailable", 1)


def test_a_slow_proxy_does_not_exceed_the_timeout(
    server: ScriptedServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    server.script(trickle(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"))
    error = error_of(core_at(_FAR, clock, VT_TIMEOUT="0.2").answer(COMMENT))
    assert (error["code"], len(server.received)) == ("unavailable", 1)


_NO_PROXIES = {
    "http://": "not an address",
    "http://[::1": "not an address",
    "http://proxy.example:99999": "not an address",
    "http://proxy.example:port": "not an address",
    "http://proxy.example:3128/path": "not an address",
    "http:/proxy.example:3128": "not an address",
    "http://user:pass/word-of-mine@proxy.example:3128": "%2F for /",
    "http://user:pass#word-of-mine@proxy.example:3128": "%23 for #",
    "http://user:pass?word-of-mine@proxy.example:3128": "%3F for ?",
    "localhost:3128": "http://",
    "nonsense://127.0.0.1:9": "http://",
    "socks5://127.0.0.1:9": "SOCKS",
    "socks5h://user:word-of-mine@127.0.0.1:9": "SOCKS",
    "SOCKS4://127.0.0.1:9": "SOCKS",
}


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("proxy", _NO_PROXIES)
def test_a_proxy_that_cannot_be_used_is_a_config_error_and_says_why(
    proxy: str, variable: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, proxy)
    core = core_at(_FAR, clock)
    for request in (LOOKUP, COMMENT, LOOKUP):
        response = core.answer(request)
        error = error_of(response)
        assert (error["code"], error["retryable"], response["meta"]["requests"]) == ("config_error", False, 0)
        assert _NO_PROXIES[proxy] in error["message"]
        assert "HTTPS_PROXY" in error["message"]
        assert "word-of-mine" not in error["message"]


def test_an_invalid_proxy_does_not_matter_for_a_server_without_proxy(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "vt.example.invalid")
    assert error_of(core_at(_FAR, clock).answer(LOOKUP))["code"] == "unavailable"


def test_an_at_sign_in_a_password_is_allowed(
    server: ScriptedServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url.replace("://", "://user:p@ss@"))
    server.script(answer(407, b""))
    core_at(_FAR, clock).answer(LOOKUP)
    sent = base64.b64decode(server.received[0].headers["proxy-authorization"].split()[1])
    assert sent == b"user:p@ss"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "http://user:word-of-mine@proxy.example:3128"])
def test_doctor_says_whether_the_proxy_can_be_used(proxy: str, run: RunnerProcess) -> None:
    done = run.text("doctor", "--json", VT_API_URL=_FAR, HTTPS_PROXY=proxy)
    (finding,) = [each for each in json.loads(done.stdout) if each["about"] == "proxy"]
    assert finding["ok"] is proxy.startswith("http:")
    assert ("http://proxy.example:3128" if finding["ok"] else "SOCKS") in finding["text"]
    assert "word-of-mine" not in done.stdout


def test_requests_to_loopback_use_no_proxy(
    server: ScriptedServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(variable, proxy.url)
        server.script(FOUND)
        assert core_at(server.url, clock).answer(LOOKUP)["status"] == "ok"
        assert proxy.received == []
