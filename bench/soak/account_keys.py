"""Keys that VirusTotal rejects, now or later, and networks that lose responses: the number of requests."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from bench.soak.drill import KEY, Effort, Tally
from tests.actions.several import file_object, refused, said
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.contract.response import Response
from vt_connectors.core import Core
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse, NoAnswerInTime, NotSent

_FORGOTTEN_S = 301.0
_REJECTED = {"3": refused(401, "WrongCredentialsError"), "2": HttpResponse(403, {}, b"")}
_LOST: list[HttpResponse | Exception] = [
    NotSent("refused"),
    NoAnswerInTime("slow"),
    HttpResponse(403, {"content-type": "text/html"}, b"<html>blocked</html>"),
    HttpResponse(502, {}, b""),
    said({"unlike": "VirusTotal's"}),
]
_MOST_THREADS = 12


class _Clock(SystemClock):
    """A clock that can be set forward, with short pauses."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s

    def now(self) -> float:
        return super().now() + self.ahead_s

    def sleep(self, seconds: float) -> None:
        super().sleep(min(seconds, 0.001))


class _VirusTotal:
    """Loses the first `lost` responses, and then rejects the key or accepts it."""

    def __init__(self, version: str, draw: random.Random) -> None:
        self.rejects = True
        self.lost = 0
        self.asked = 0
        self._version = version
        self._draw = draw
        self._lock = threading.Lock()

    def send(self, request: HttpRequest) -> HttpResponse:
        with self._lock:
            self.asked += 1
            lost = self._draw.choice(_LOST) if self.lost else None
            self.lost -= lost is not None
            pause_s = self._draw.choice([0.0, 0.001, 0.01])
        time.sleep(pause_s)
        if isinstance(lost, Exception):
            raise lost
        if lost is not None:
            return lost
        if self.rejects:
            return _REJECTED[self._version]
        return said({"data": file_object(request.url.rpartition("/")[2])})


def tallies(effort: Effort) -> Iterator[Tally]:
    rejected = Tally(
        "keys that are rejected, asked for by up to 12 threads at once, again when the refusal is forgotten, and after "
        "lost answers, API v3 and v2",
        "more than one request, another error than `access_denied` for those that were not sent",
    )
    replaced = Tally(
        "keys that work again after that, or whose first answers are lost",
        "a request that is not answered when the key works",
    )
    draw = random.Random(effort.seed)
    for number in range(effort.times(12, 300)):
        rejected.count(*(f"key {number}: {loss}" for loss in _rejected(draw)))
        replaced.count(*(f"key {number}: {loss}" for loss in _replaced(draw)))
    yield rejected
    yield replaced


def _core(version: str, virustotal: _VirusTotal, clock: _Clock) -> Core:
    given = {"VT_STATE": "memory", "VT_QUOTA": "none", "VT_API_VERSION": version}
    return build(settings_from(given), lambda: ApiKey(KEY), clock, lambda _: virustotal)


def _ask(core: Core, draw: random.Random, threads: int) -> list[Response]:
    documents = [
        {"action": "lookup_hash", "params": {"hash": f"{draw.getrandbits(256):064x}"}, "options": {"max_wait_s": 0}}
        for _ in range(threads)
    ]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(core.answer, documents))


def _codes(responses: list[Response]) -> list[str]:
    return [response["error"]["code"] if response["error"] else response["status"] for response in responses]


def _rejected(draw: random.Random) -> Iterator[str]:
    version, clock = draw.choice(["3", "2"]), _Clock()
    virustotal = _VirusTotal(version, draw)
    core = _core(version, virustotal, clock)
    for _ in range(draw.randrange(1, 4)):
        virustotal.asked, virustotal.lost = 0, draw.choice([0, 0, 1, 2])
        lost, threads = virustotal.lost, draw.randrange(3, _MOST_THREADS)
        codes = _codes(_ask(core, draw, threads) + _ask(core, draw, threads))
        if virustotal.asked != lost + 1:
            yield f"API v{version}, {threads} threads, {lost} answers lost: {virustotal.asked} requests"
        if codes.count("access_denied") < 2 * threads - lost:
            yield f"API v{version}, {threads} threads, {lost} answers lost: {codes}"
        clock.ahead_s += _FORGOTTEN_S
    core.close()


def _replaced(draw: random.Random) -> Iterator[str]:
    clock = _Clock()
    virustotal = _VirusTotal("3", draw)
    core = _core("3", virustotal, clock)
    virustotal.rejects = draw.random() < 0.5
    virustotal.lost = draw.choice([0, 1, 2])
    lost = virustotal.lost
    codes = _codes(_ask(core, draw, _MOST_THREADS))
    if not virustotal.rejects and codes.count("ok") < _MOST_THREADS - lost:
        yield f"{lost} answers lost: {codes}"
    virustotal.rejects = False
    clock.ahead_s += _FORGOTTEN_S
    codes = _codes(_ask(core, draw, _MOST_THREADS))
    if set(codes) != {"ok"}:
        yield f"the key works again: {codes}"
    core.close()
