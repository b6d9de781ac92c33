"""The key is sent only to the intended server, and to no other in its place."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from bench.soak.drill import KEY, Effort, Tally
from bench.soak.network_certificates import GOOD, Certificates, without_tls
from bench.soak.network_harness import (
    LONG_AFTER_S,
    Asked,
    comment,
    commented,
    core_at,
    found,
    lookup,
    own_environment,
)
from bench.soak.network_relay import Relay
from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer, Step, answer, hang_up, reset, stall, trickle

_HASH = "6a" * 32
_QUOTA = {"action": "quota", "params": {}}
_FAR = "https://vt.example.invalid"
_SLOW = ("a tunnel into nothing", "silence", "trickling")
# A comment may have been taken if another answer is to be fetched (302, 303).
_NOT_FOLLOWED = {"lookup_hash": {"invalid_response"}, "quota": {"invalid_response"}}
_OF_A_COMMENT = {"invalid_response", "outcome_unknown"}


def tallies(effort: Effort) -> Iterator[Tally]:
    draw = random.Random(effort.seed)
    certificates = Certificates(effort.place("network"))
    with own_environment(REQUESTS_CA_BUNDLE=certificates.bundle):
        yield _refused(certificates, effort.times(1, 20))
        yield _broken_off(certificates, draw, effort.times(30, 600))
    yield _proxies(draw, effort.times(8, 150))
    yield _redirects(draw, effort.times(80, 3000))


def _requests() -> tuple[dict[str, Any], dict[str, Any]]:
    return lookup(_HASH), comment(_HASH)


def _refused(certificates: Certificates, rounds: int) -> Tally:
    tally = Tally(
        "certificates that are not the server's (another host, expired, unknown authority, ...), and no TLS at all",
        "a request with the key got through, another code than `unavailable`, the right certificate refused",
    )
    for name, context in certificates.contexts().items():
        with ScriptedServer(context) as server:
            for request in _requests() * rounds:
                server.script(found(_HASH) if request["action"] == "lookup_hash" else commented(_HASH))
                _ask(tally, server.url, server, request, name, {"ok"} if name == GOOD else {"unavailable"})
    for request in _requests() * rounds:
        with without_tls() as (url, server):
            _ask(tally, url, server, request, "none: plain HTTP", {"unavailable"})
    return tally


def _ask(tally: Tally, url: str, server: ScriptedServer, request: dict[str, Any], name: str, due: set[str]) -> None:
    core = core_at(url, FakeClock())
    asked = Asked(core, server, request)
    wrong = asked.wrong(due, 1 if "ok" in due else 0)
    core.close()
    tally.count(*([f"{request['action']}, certificate {name}: {wrong}"] if wrong else []))


def _broken_off(certificates: Certificates, draw: random.Random, times: int) -> Tally:
    tally = Tally(
        "TLS connections broken off after a random number of bytes",
        "an exception, another code than the contract's, a comment sent twice, or said not to be sent when it was",
    )
    context = certificates.contexts()[GOOD]
    for request in draw.choices(_requests(), k=times):
        is_read, most = request["action"] == "lookup_hash", draw.randrange(2500)
        # A server of its own: what was on its way when the connection broke may arrive late.
        with ScriptedServer(context) as server, Relay(server.port, most) as relay:
            server.script(found(_HASH) if is_read else commented(_HASH))
            core = core_at(f"https://127.0.0.1:{relay.port}", FakeClock())
            asked = Asked(core, server, request)
            core.close()
        wrong = asked.wrong(_due_when_broken_off(is_read, bool(asked.seen)))
        tally.count(*([f"{request['action']}, broken off after {most} bytes: {wrong}"] if wrong else []))
    return tally


def _due_when_broken_off(is_read: bool, is_seen: bool) -> set[str]:
    """One that the server has seen may have been answered, and never counts as not sent."""
    if is_read:
        return {"unavailable", "ok"} if is_seen else {"unavailable"}
    return {"outcome_unknown", "ok"} if is_seen else {"outcome_unknown", "unavailable"}


def _proxies(draw: random.Random, times: int) -> Tally:
    tally = Tally(
        "proxies that answer themselves (407, 502, a page, noise), hang, trickle or reset",
        "the key reached the proxy, an exception, another code than `unavailable` or `timeout`",
    )
    for _ in range(times):
        name, step = _of_a_proxy(draw)
        with ScriptedServer() as proxy, own_environment(HTTPS_PROXY=proxy.url):
            proxy.script(step)
            for request in _requests():
                core = core_at(_FAR, FakeClock(), VT_TIMEOUT="0.2")
                asked = Asked(core, proxy, request)
                core.close()
                slowly = {"timeout"} if name in _SLOW and request["action"] == "lookup_hash" else set[str]()
                wrong = asked.wrong({"unavailable", *slowly})
                if KEY in repr(proxy.received):
                    wrong = "the proxy has the key"
                tally.count(*([f"{request['action']}, proxy: {name}: {wrong}"] if wrong else []))
    return tally


def _of_a_proxy(draw: random.Random) -> tuple[str, Step]:
    noise = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 200)))
    status = draw.choice([100, 101, 204, 301, 400, 403, 407, 418, 429, 500, 502, 503, 504, draw.randrange(300, 600)])
    page = b"<html>who are you?</html>"
    open_tunnel = b"HTTP/1.1 200 OK\r\n\r\n"
    return draw.choice(
        [
            (f"HTTP {status}", answer(status, page, {"Proxy-Authenticate": "Basic", "Location": _FAR})),
            ("a page with 200", answer(200, page)),
            (f"a tunnel into {noise[:9]!r}", hang_up(open_tunnel + noise)),
            ("a tunnel into nothing", stall(open_tunnel)),
            (f"{noise[:9]!r}", hang_up(noise)),
            ("silence", stall()),
            ("trickling", trickle(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a")),
            ("a reset", reset()),
        ]
    )


def _redirects(draw: random.Random, times: int) -> Tally:
    tally = Tally(
        "redirects: to other hosts, ports, schemes and names, to addresses that look alike, in loops",
        "the key left the server it was meant for, a redirect was followed",
    )
    clock = FakeClock()
    with ScriptedServer() as server, ScriptedServer() as other:
        core = core_at(server.url, clock)
        other.script(found(_HASH))
        for number in range(times):
            steps = [_redirect(draw, server, other) for _ in range(draw.randint(1, 3))]
            request = draw.choice([lookup(_HASH), lookup(_HASH), comment(_HASH), _QUOTA])
            server.script(*(step for _, step in steps), found(_HASH))
            asked = Asked(core, server, request)
            wrong = asked.wrong(_NOT_FOLLOWED.get(request["action"], _OF_A_COMMENT), 1)
            hosts = {seen.headers.get("host") for seen in [*asked.seen, *other.received]}
            if not hosts <= {f"127.0.0.1:{server.port}"}:
                wrong = f"asked {hosts}"
                other.received.clear()
            locations = [location for location, _ in steps]
            tally.count(*([f"redirect {number}, {request['action']}, to {locations}: {wrong}"] if wrong else []))
            clock.advance(LONG_AFTER_S)
        core.close()
    return tally


def _redirect(draw: random.Random, server: ScriptedServer, other: ScriptedServer) -> tuple[str, Step]:
    here, there = f"127.0.0.1:{server.port}", f"127.0.0.1:{other.port}"
    location = draw.choice(
        [
            *(f"http://{here}/x", "/x", "/api/v3/files/" + _HASH, "x", "?x", "#x", ".", "", " /x", "/x y"),
            *(f"http://{there}/x", f"//{there}/x", f"///{there}/x", f"/\\{there}/x", f"\\\\{there}/x", f"/\t/{there}"),
            *(f"http://localhost:{server.port}/x", f"http://127.1:{server.port}/x", f"http://[::1]:{server.port}/x"),
            *(f"http://{here}@{there}/x", f"http://{there}\\@{here}/x", f"http://{here}\\@{there}/x"),
            *(f"http://{here}:80@{there}/", f"http://me:pw@{here}/x", f"http://{here}.{there}/x", f"http:{there}/x"),
            *(f"https://{here}/x", f"HTTP://{there}/x", f"ftp://{here}/x", "file:///etc/hosts", "data:,x"),
            *("javascript:1", "http://", "http://[::1", "http://%zz/x", "\u00e9://x", "/" + "x" * 9000),
        ]
    )
    status = draw.choice([300, 301, 302, 303, 304, 305, 307, 308])
    return location, answer(status, headers={"Location": location})
