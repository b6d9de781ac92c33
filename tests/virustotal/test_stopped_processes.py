"""A process that was suspended between its reservation and its request reserves quota again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer, json_answer
from vt_connectors.api_key import ApiKey
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.virustotal.http.requests_transport import RequestsTransport
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

from .house import FOUND, LOOKUP, SECRET


class _StoppedWhileConnecting:
    """The first `times` requests are held up for six seconds before they connect."""

    def __init__(self, key: ApiKey, clock: FakeClock, times: int) -> None:
        self._real = RequestsTransport(key, 30.0)
        self._clock = clock
        self._times = times

    def send(self, request: HttpRequest) -> HttpResponse:
        if self._times:
            self._times -= 1
            self._clock.advance(6)
        return self._real.send(request)


def _answer(server: ScriptedServer, clock: FakeClock, times: int, quota: str, max_wait_s: int) -> Mapping[str, Any]:
    settings = settings_from({"VT_API_URL": server.url, "VT_STATE": "memory", "VT_QUOTA": quota})
    core = build(settings, lambda: ApiKey(SECRET), clock, lambda key: _StoppedWhileConnecting(key, clock, times))
    return core.answer({**LOOKUP, "options": {"max_wait_s": max_wait_s}})


def test_it_sends_once_with_a_new_reservation(server: ScriptedServer, clock: FakeClock) -> None:
    server.script(FOUND)
    response = _answer(server, clock, 1, "4/minute", 0)
    assert response["status"] == "ok"
    assert len(server.received) == 1
    assert response["meta"]["requests"] == 1


def test_it_does_not_send_without_another_reservation(server: ScriptedServer, clock: FakeClock) -> None:
    server.script(json_answer(500, {}))
    response = _answer(server, clock, 10, "4/minute", 0)
    assert response["error"]["code"] in ("unavailable", "rate_limited")
    assert server.received == []
