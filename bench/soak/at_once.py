"""Simultaneous equal requests: one is sent, and every caller gets its answer, even if the state is blocked."""

from __future__ import annotations

import base64
import random
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

from bench.soak.drill import KEY, Effort, Tally
from bench.soak.store_harness import hashes
from tests.actions.several import Played, Several, file_object, said
from tests.redis_process import PROGRAM, RedisProcess
from vt_connectors.actions.request_batch import BatchAnswers
from vt_connectors.clock import SystemClock
from vt_connectors.core import Core
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

_PROCESSES = 6
# All but the leader. They meet at most this long, because not everyone waits where a clock sees it.
_FOLLOWERS = _PROCESSES - 1
_MET_S = 0.5
_ACTIONS = ("default", "refresh", "off", "scan_file", "scan_url", "rescan_file", "add_comment")
_READS = _ACTIONS[:3]


def tallies(effort: Effort) -> Iterator[Tally]:
    lost_means = "a second request, or a caller without the answer"
    for what, state in (
        ("equal lookups, scans, rescans and comments at once, by several processes with a file", "file"),
        ("the same, while another program holds the file for shorter or longer than 5 s", "locked"),
        ("the same, while the clock is set", "clocks"),
        ("the same, with Redis", "Redis"),
    ):
        if state == "Redis" and PROGRAM is None:
            continue
        tally = Tally(what, lost_means)
        actions = _ACTIONS if effort.is_long or state != "locked" else ("default", "scan_url")
        for number in range(effort.times(len(actions) * (2 if state == "clocks" else 1), 12 * len(actions))):
            chance = random.Random(effort.seed + number)
            place = effort.place(f"at-once-{state}-{number}")
            tally.count(*_together(place, state, actions[number % len(actions)], chance, effort.is_long))
        yield tally
    yield _batches(effort)


def _together(place: Path, state: str, action: str, chance: random.Random, is_long: bool) -> Iterator[str]:
    redis = RedisProcess(place).start() if state == "Redis" else None
    several = Several(redis.url if redis else str(place / "state.db"))
    virustotal = Played(_say, holds=True)
    _Shifted.shift_s, _Shifted.waiting = 0.0, set()
    # Without the cache nothing is told to other processes: those are threads of one.
    cores = [several.core(virustotal, KEY, _Shifted()) for _ in range(_PROCESSES)]
    callers = cores if action != "off" else cores[:1] * _PROCESSES
    value = hashes(1, str(chance.random()))[0]
    try:
        # The state is there before anything holds it.
        cores[0].answer({"action": "lookup_ip", "params": {"ip": "10.0.0.1"}})
        cores[0].context.cache.find("v3:nothing", lambda entry: True)
        with ThreadPoolExecutor(_PROCESSES) as pool:
            first = pool.submit(callers[0].answer, _document(action, value))
            assert virustotal.is_asked.wait(30)
            held = _Held(place / "state.db", chance.choice((1.0, 7.0) if is_long else (1.0,)), state == "locked")
            rest = [pool.submit(core.answer, _document(action, value)) for core in callers[1:]]
            if state == "clocks":
                # Before or after the answer comes. A day forward, any answer would be too old.
                if chance.random() < 0.5:
                    _Shifted.until_waiting(_FOLLOWERS)
                _Shifted.shift_s = chance.choice((-86400.0, -60.0, -0.5, 0.5, 60.0, 3600.0))
            _Shifted.until_waiting(_FOLLOWERS)
            threading.Timer(held.seconds, virustotal.go_on.set).start()
            yield from _losses(action, first, rest, virustotal)
            held.end()
    finally:
        for core in cores:
            core.close()
        if redis is not None:
            redis.kill()


def _losses(action: str, first: Future[Any], rest: list[Future[Any]], virustotal: Played) -> Iterator[str]:
    answers = [future.result(60) for future in (first, *rest)]
    errors = [answer["error"]["message"] for answer in answers if answer["error"] is not None]
    yield from (f"{action}: {message}" for message in errors)
    if len(virustotal.asked) != 1:
        yield f"{action}: {len(virustotal.asked)} requests of {_PROCESSES} callers"
    names = ("stats",) if action in _READS else ("comment_id",) if action == "add_comment" else ("analysis_id",)
    told = {repr([(answer["data"] or {}).get(name) for name in names]) for answer in answers}
    if len(told) != 1:
        yield f"{action}: the callers were told different things: {sorted(told)}"


def _document(action: str, value: str) -> dict[str, Any]:
    content = base64.b64encode(value.encode()).decode()
    params: dict[str, dict[str, Any]] = {
        "scan_file": {"content_base64": content},
        "scan_url": {"url": f"http://{value[:20]}.example/"},
        "rescan_file": {"hash": value},
        "add_comment": {"indicator": value, "comment": "seen"},
    }
    if action in _READS:
        return {"action": "lookup_hash", "params": {"hash": value}, "options": {"cache": action}}
    return {"action": action, "params": params[action]}


def _say(request: HttpRequest) -> HttpResponse:
    *_, before, last = request.url.split("/")
    if last == "comments":
        return said({"data": {"type": "comment", "id": f"f-{before}-0123abcd", "attributes": {"text": "seen"}}})
    if request.method == "GET":
        return said({"data": file_object(last)})
    if last == "urls":
        return said({"data": {"type": "analysis", "id": "1700000000"}})
    return said({"data": {"type": "analysis", "id": "1700000001"}})


class _Held:
    """Another program's lock on the state file, for a given time."""

    def __init__(self, path: Path, seconds: float, is_held: bool) -> None:
        self.seconds = seconds if is_held else 0.0
        self._thread = threading.Thread(target=self._hold, args=(path, held := threading.Event()))
        if is_held:
            self._thread.start()
            assert held.wait(30)

    def _hold(self, path: Path, held: threading.Event) -> None:
        connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        connection.execute("BEGIN EXCLUSIVE")
        held.set()
        threading.Event().wait(self.seconds)
        connection.execute("ROLLBACK")
        connection.close()

    def end(self) -> None:
        if self.seconds:
            self._thread.join()


class _Shifted(SystemClock):
    """This machine's clock, set for all processes. `waiting`: the threads that have begun to wait for a leader."""

    shift_s = 0.0
    waiting: ClassVar[set[int]] = set()

    def now(self) -> float:
        return super().now() + _Shifted.shift_s

    def sleep(self, seconds: float) -> None:
        _Shifted.waiting.add(threading.get_ident())
        super().sleep(seconds)

    @classmethod
    def until_waiting(cls, threads: int) -> None:
        give_up = time.monotonic() + _MET_S
        while len(cls.waiting) < threads and time.monotonic() < give_up:
            time.sleep(0.005)


def _batches(effort: Effort) -> Tally:
    tally = Tally("values of a batch, in several spellings, with cache off or refresh", "one that was asked for twice")
    chance = random.Random(effort.seed)
    for number in range(effort.times(4, 100)):
        virustotal = Played(_say)
        core = Several(str(effort.place("at-once-batch") / f"{number}.db")).core(virustotal, KEY)
        values = hashes(8, f"batch {number}")
        spelt = [spell(value) for value in values for spell in (str, str.upper, " {} ".format) for _ in range(4)]
        chance.shuffle(spelt)
        mode = chance.choice(("off", "refresh"))
        asked = _in_a_batch(core.within(BatchAnswers()), spelt, mode)
        core.close()
        more = len(virustotal.asked) - len(values)
        tally.tried += len(spelt) - 1
        tally.count(*[f"cache={mode}: {more} requests more than {len(values)} values"] * (more != 0), *asked)
    return tally


def _in_a_batch(core: Core, values: list[str], mode: str) -> list[str]:
    def ask(value: str) -> Mapping[str, Any]:
        return core.answer({"action": "lookup_hash", "params": {"hash": value}, "options": {"cache": mode}})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, values))
    return [str(answer["error"]) for answer in answers if answer["error"] is not None]
