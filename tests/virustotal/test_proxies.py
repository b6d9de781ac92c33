"""Proxies are as the environment says, and this machine is never asked for through one."""

from __future__ import annotations

import pytest

from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer, answer, hang_up, trickle

from .house import COMMENT, FOUND, LOOKUP, SECRET, core_at

_FAR = "https://vt.example.invalid"


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_is_asked_for_a_tunnel_and_never_sees_the_key(
    variable: str, server: ScriptedServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, server.url)
    server.script(answer(407, b"<html>who are you?</html>"))
    response = core_at(_FAR, clock).answer(LOOKUP)
    assert response["error"]["code"] == "unavailable"
    assert "HTTPS_PROXY" in response["error"]["message"]
    assert {(request.method, request.target) for request in server.received} == {("CONNECT", "vt.example.invalid:443")}
    assert not any(SECRET in str(request) for request in server.received)


def test_a_comment_through_a_proxy_that_refuses_was_not_sent(
    server: ScriptedServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    server.script(hang_up())
    response = core_at(_FAR, clock).answer(COMMENT)
    assert (response["error"]["code"], len(server.received)) == ("unavailable", 1)


def test_a_proxy_that_trickles_is_not_waited_for_longer_than_the_timeout(
    server: ScriptedServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    server.script(trickle(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"))
    error = core_at(_FAR, clock, VT_TIMEOUT="0.2").answer(COMMENT)["error"]
    assert (error["code"], len(server.received)) == ("unavailable", 1)


@pytest.mark.parametrize("proxy", ["http://", "http://[::1", "socks5://127.0.0.1:9", "nonsense://127.0.0.1:9"])
def test_a_proxy_address_that_is_none_is_unavailable_and_says_why(
    proxy: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    error = core_at(_FAR, clock).answer(COMMENT)["error"]
    assert error["code"] == "unavailable"
    assert "proxy" in error["message"]


def test_this_machine_is_asked_directly(
    server: ScriptedServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(variable, proxy.url)
        server.script(FOUND)
        assert core_at(server.url, clock).answer(LOOKUP)["status"] == "ok"
        assert proxy.received == []
