"""VirusTotal never gets a request without a reservation of quota."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fake_clock import FakeClock
from tests.responses import error_of
from tests.scripted_server import ScriptedServer, Step, answer, hang_up, json_answer, own_error, reset

from .house import HASH, core_at, lookup

_LIMIT = 4
_VALUES = [f"{number:064x}" for number in range(12)]
_HERE = "/api/v3/files/" + HASH


def _redirects(status: int, location: str) -> Step:
    return answer(status, headers={"Location": location})


_UNANNOUNCED = "a connection that is closed unannounced"
_TROUBLE: dict[str, Step] = {
    "301 to the same server": _redirects(301, _HERE),
    "302 to the same server": _redirects(302, _HERE),
    "303 to the same server": _redirects(303, _HERE),
    "307 to the same server": _redirects(307, _HERE),
    "308 to the same server": _redirects(308, _HERE),
    "302 to itself": _redirects(302, "?again"),
    "401 with a challenge": answer(401, headers={"WWW-Authenticate": 'Digest realm="x", nonce="y"'}),
    "407 with a challenge": answer(407, headers={"Proxy-Authenticate": "Basic"}),
    "408": answer(408),
    "417": answer(417),
    "421": answer(421),
    "425": answer(425),
    "503 to be repeated": answer(503, headers={"Retry-After": "0"}),
    "413 to be repeated": answer(413, headers={"Retry-After": "0"}),
    "429 to be repeated": answer(429, headers={"Retry-After": "0"}),
    "VirusTotal's 503": own_error(503),
    "a reset": reset(),
    "a closed connection": hang_up(),
    _UNANNOUNCED: hang_up(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"),
    "half an answer": hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
    "two lengths": hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n{}"),
    "100 and no more": hang_up(b"HTTP/1.1 100 Continue\r\n\r\n"),
}
_DOMAINS = [{"action": "lookup_domain", "params": {"domain": f"host{number}.example"}} for number in range(12)]


@pytest.mark.parametrize("version", ["2", "3"])
@pytest.mark.parametrize("name", _TROUBLE)
def test_no_more_requests_are_sent_than_were_reserved(
    name: str, version: str, server: ScriptedServer, clock: FakeClock, tmp_path: Path
) -> None:
    server.script(_TROUBLE[name])
    core = core_at(server.url, clock, tmp_path / "state.db", VT_QUOTA=f"{_LIMIT}/hour", VT_API_VERSION=version)
    requests = [lookup(value) for value in _VALUES] + _DOMAINS
    responses = [core.answer({**request, "options": {"max_wait_s": 0}}) for request in requests]
    told = sum(response["meta"]["requests"] for response in responses)
    record = core.answer({"action": "quota", "params": {}, "options": {"cache": "only"}})["data"]["windows"]
    assert 0 < len(server.received) <= told == record["hour"]["used"] <= _LIMIT
    # What is sent while the server closes its end counts, although the server never reads it.
    assert len(server.received) == told or name == _UNANNOUNCED


def test_the_accounts_figures_are_requested_once_despite_redirects(server: ScriptedServer, clock: FakeClock) -> None:
    server.script(_redirects(302, "/api/v3/users/me/overall_quotas"))
    response = core_at(server.url, clock).answer({"action": "quota", "params": {}})
    assert (error_of(response)["code"], response["meta"]["requests"], len(server.received)) == (
        "invalid_response",
        0,
        1,
    )


def test_each_page_of_a_response_has_its_own_reservation(server: ScriptedServer, clock: FakeClock) -> None:
    row: dict[str, Any] = {"type": "resolution", "id": "x", "attributes": {}}
    cursors = iter(range(100))

    def page(wire: Any) -> None:
        json_answer(200, {"data": [row] * 40, "meta": {"cursor": str(next(cursors))}})(wire)

    server.script(page)
    core = core_at(server.url, clock, VT_QUOTA=f"{_LIMIT}/hour")
    request = {"action": "passive_dns", "params": {"domain": "a.example", "limit": 400}, "options": {"max_wait_s": 0}}
    response = core.answer(request)
    assert (response["status"], response["data"]["more"]) == ("ok", True)
    assert len(server.received) == response["meta"]["requests"] == _LIMIT
