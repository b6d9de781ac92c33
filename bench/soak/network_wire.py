"""Faults drawn by chance: where a connection breaks, what a body says of itself. Beside those of the table in
`tests.virustotal.faults`, which are always the same."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass
from typing import Callable

from bench.soak.network_harness import file_object
from tests.scripted_server import Step, answer, hang_up, head, reset, stall, trickle

# Of one that is cut short anywhere: a head without its end may look like an empty answer.
_CUT = frozenset({"unavailable", "invalid_response"})
_HASH = "5f" * 32
_BODY = json.dumps(file_object(_HASH)).encode()
_CHUNKED = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
_GZIP = {"Content-Type": "application/json", "Content-Encoding": "gzip"}


@dataclass(frozen=True)
class Drawn:
    """`allowed`: what may come of it. `is_slow`: it is over when VT_TIMEOUT is."""

    name: str
    step: Step
    allowed: frozenset[str]
    is_slow: bool = False


def drawn(draw: random.Random) -> Drawn:
    return draw.choice(_KINDS)(draw)


def drawn_slow(draw: random.Random) -> Drawn:
    return draw.choice(_SLOW)(draw)


def _whole() -> bytes:
    return head(200, {"Content-Type": "application/json"}, len(_BODY)) + _BODY


def _reset(draw: random.Random) -> Drawn:
    at = draw.randrange(len(_whole()))
    return Drawn(f"reset after byte {at}", reset(_whole()[:at]), frozenset({"unavailable"}))


def _closed(draw: random.Random) -> Drawn:
    at = draw.randrange(len(_whole()))
    return Drawn(f"closed after byte {at}", hang_up(_whole()[:at]), _CUT)


def _length(draw: random.Random) -> Drawn:
    wrong = draw.choice([*range(len(_BODY)), *range(len(_BODY) + 1, len(_BODY) * 2)])
    short = wrong < len(_BODY)
    allowed = frozenset({"invalid_response"}) if short else frozenset({"unavailable"})
    return Drawn(f"Content-Length {wrong} for {len(_BODY)} bytes", answer(200, _BODY, length=wrong), allowed)


def _no_length(draw: random.Random) -> Drawn:
    said = draw.choice([b"-1", b"many", b"1e3", b"12, 13", b"0x20", b"9" * 30])
    start = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + said + b"\r\n\r\n"
    return Drawn(f"Content-Length {said.decode()}", hang_up(start + _BODY[:-1]), _CUT)


def _gzipped(draw: random.Random) -> Drawn:
    # Of the end, which only sums it up, nothing is missed.
    packed = bytearray(gzip.compress(_BODY))
    if draw.random() < 0.5:
        at = draw.randrange(len(packed) - 9)
        return Drawn(f"gzip cut at byte {at}", answer(200, bytes(packed[:at]), _GZIP), _CUT)
    # Past the head, which says nothing of the content.
    at = draw.randrange(10, len(packed) - 8)
    packed[at] ^= 1 << draw.randrange(8)
    return Drawn(f"gzip with byte {at} damaged", answer(200, bytes(packed), _GZIP), _CUT)


def _chunked(draw: random.Random) -> Drawn:
    size = draw.choice([b"", b"zz", b"-5", b"fffffffff", b"5;" + b"x" * 70_000, b"\x00", b"5 5", b"1"])
    start = head(200, _CHUNKED, None)
    middle = draw.randrange(len(_BODY))
    good = b"%x\r\n%s\r\n" % (middle, _BODY[:middle]) if middle else b""
    return Drawn(f"a chunk's size is {size[:9]!r}", hang_up(start + good + size + b"\r\n" + _BODY[middle:]), _CUT)


def _flood(draw: random.Random) -> Drawn:
    lines = draw.choice([(101, 10), (5000, 10), (2, 70_000), (90, 60_000), (1, 3_000_000)])
    flood = b"".join(b"X-Flood-%d: %s\r\n" % (number, b"f" * lines[1]) for number in range(lines[0]))
    return Drawn(f"{lines[0]} headers of {lines[1]} bytes", hang_up(b"HTTP/1.1 200 OK\r\n" + flood + b"\r\n"), _CUT)


def _garbage(draw: random.Random) -> Drawn:
    noise = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 400)))
    start = draw.choice([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", head(200, {}, len(noise))])
    return Drawn(f"noise after {start[:17]!r}", hang_up(start + noise), _CUT)


def _json(draw: random.Random) -> Drawn:
    at = draw.randrange(1, len(_BODY))
    cut = _BODY[:at] + draw.choice([b"", b"\x00", b"\xff", b"}", b"[" * 30_000, b'"', b"NaN"])
    return Drawn(f"JSON broken at byte {at}", answer(200, cut), frozenset({"invalid_response"}))


def _goes_on(draw: random.Random) -> Drawn:
    times = draw.choice([1, 3, 300])
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n" * times
    return Drawn(f"{times} times 100 Continue, and no answer", hang_up(go_on), frozenset({"unavailable"}))


def _stalled(draw: random.Random) -> Drawn:
    at = draw.randrange(len(_whole()))
    return Drawn(f"silent after byte {at}", stall(_whole()[:at]), frozenset({"timeout"}), True)


def _trickled(draw: random.Random) -> Drawn:
    at = draw.randrange(len(head(200, {}, 10**6)), len(_whole()))
    start = head(200, {}, 10**6) + _whole()[at:]
    return Drawn(f"trickling after {len(start)} bytes", trickle(start, b" "), frozenset({"timeout"}), True)


def _trickled_head(draw: random.Random) -> Drawn:
    start = draw.choice([b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 ", b""])
    return Drawn(f"a head that trickles after {start!r}", trickle(start, b"a"), frozenset({"timeout"}), True)


_KINDS: list[Callable[[random.Random], Drawn]] = [
    *(_reset, _closed, _length, _no_length, _gzipped, _chunked, _flood, _garbage, _json, _goes_on),
]
_SLOW: list[Callable[[random.Random], Drawn]] = [_stalled, _trickled, _trickled_head]
