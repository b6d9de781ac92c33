"""The owner of an answer: the requested object, the server, and the key."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.soak.drill import KEY, Effort, Tally
from bench.soak.store_harness import hashes
from tests.actions.several import Played, Several, file_object, said
from tests.actions.test_another_object import READS, WRITES
from tests.redis_process import PROGRAM, RedisProcess
from vt_connectors.contract.documents import Options
from vt_connectors.core import Core
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

_SERVERS = ("https://www.virustotal.com", "http://127.0.0.1:9", "https://gateway.example/vt")
_KEYS = (KEY, "1" + KEY[1:], "2" + KEY[1:], "3" + KEY[1:])
# Those with an even number have the licence.
_LICENSED = frozenset(_KEYS[::2])


def tallies(effort: Effort) -> Iterator[Tally]:
    yield _about_another(effort)
    yield from _one_state(effort, "a file")
    if PROGRAM is not None:
        yield from _one_state(effort, "Redis")


def _about_another(effort: Effort) -> Tally:
    tally = Tally(
        "answers about another object, to reads and writes of both versions",
        "taken for an answer, kept for others, or the right answer refused after it",
    )
    chance = random.Random(effort.seed)
    place = effort.place("owners-objects")
    cases = [*READS, *WRITES]
    chance.shuffle(cases)
    for number in range(effort.times(len(cases), 20 * len(cases))):
        tally.count(*_wrong_then_right(Several(str(place / f"{number}.db")), cases[number % len(cases)], chance))
    return tally


def _wrong_then_right(several: Several, case: tuple[Any, ...], chance: random.Random) -> Iterator[str]:
    version, action, params, right, wrongs = case
    wrong = chance.choice(wrongs)
    answers = [wrong]
    virustotal = Played(lambda request: said(answers.pop() if answers else right))
    cores = [several.core(virustotal, KEY, VT_API_VERSION=version) for _ in range(2)]
    options = {"include": chance.choice([[], ["raw"], ["engines", "raw"]])}
    request = {"action": action, "params": params, "options": options}
    answer = chance.choice(cores).answer(request)
    expected = "outcome_unknown" if case in WRITES else "invalid_response"
    if answer["error"] is None or answer["error"]["code"] != expected:
        yield f"{action} of API v{version}: {wrong} was told as {answer['summary']!r}"
    answer = chance.choice(cores).answer(request)
    if answer["error"] is not None or answer["meta"]["source"] != "api":
        yield f"{action} of API v{version}: after a wrong answer the right one was {answer['summary']!r}"
    for core in cores:
        core.close()


def _one_state(effort: Effort, state: str) -> Iterator[Tally]:
    for what, servers, keys in (
        (f"lookups at {len(_SERVERS)} servers that share {state}", _SERVERS, _KEYS[:1]),
        (
            f"lookups with {len(_KEYS)} keys, some of them licensed, that share {state}",
            _SERVERS[:1],
            _KEYS,
        ),
        (f"lookups with {len(_KEYS)} keys at {len(_SERVERS)} servers that share {state}", _SERVERS, _KEYS),
    ):
        tally = Tally(what, "another server's answer, another key's licensed data, the own left out, asked twice")
        for number in range(effort.times(1, 40)):
            place = effort.place(f"owners-{state.replace(' ', '-')}-{len(servers)}-{len(keys)}-{number}")
            redis = RedisProcess(place).start() if state == "Redis" else None
            try:
                _House(redis.url if redis else str(place / "state.db"), servers, keys, effort.seed + number).fill(tally)
            finally:
                if redis is not None:
                    redis.kill()
        yield tally


class _House:
    """Processes with a server and a key each; what VirusTotal says tells which server it was, and which key asked."""

    def __init__(self, state: str, servers: tuple[str, ...], keys: tuple[str, ...], seed: int) -> None:
        self._chance = random.Random(seed)
        self._values = hashes(8, f"owners {seed}")
        self._asked: Counter[tuple[str, str]] = Counter()
        # By what was asked for: the answers that belong to a key. A licensed key may ask for what its licence gives it,
        # and then for VirusTotal's own object too.
        self._own: dict[tuple[str, str], set[tuple[str, bool]]] = {}
        self._lock = threading.Lock()
        several = Several(state)
        self._processes = [
            (server, key, several.core(self._virustotal(server, key), key, VT_API_URL=server))
            for server in servers
            for key in keys
            for _ in range(2 if len(servers) * len(keys) < 9 else 1)
        ]

    def fill(self, tally: Tally) -> None:
        with ThreadPoolExecutor(4) as pool:
            for _ in range(40):
                value = self._chance.choice(self._values)
                at_once = self._chance.choice((1, 1, 2, 4))
                ways = [(self._chance.choice(self._processes), self._chance.random()) for _ in range(at_once)]
                asked = [pool.submit(self._losses, *process, value, way) for process, way in ways]
                for future in asked:
                    tally.count(*future.result())
        for (server, value), count in self._asked.items():
            allowed = 1 + len(self._own.get((server, value), ()))
            if count > allowed:
                tally.lost += 1
                tally.losses.append(f"{count} requests where {allowed} are needed: {value} at {server}")
        for _, _, core in self._processes:
            core.close()

    def _virustotal(self, server: str, key: str) -> Played:
        def say(request: HttpRequest) -> HttpResponse:
            value = request.url.rpartition("/")[2]
            with self._lock:
                self._asked[server, value] += 1
            more: dict[str, Any] = {"gti_assessment": {"of": key[0]}} if key in _LICENSED else {}
            return said({"data": file_object(value, _SERVERS.index(server), of=key[0], **more)})

        return Played(say)

    def _losses(self, server: str, key: str, core: Core, value: str, way: float) -> list[str]:
        return list(self._found(server, key, core, value, way))

    def _found(self, server: str, key: str, core: Core, value: str, way: float) -> Iterator[str]:
        include = frozenset(("raw",)) if way < 0.6 else frozenset[str]()
        if include or key in _LICENSED:
            self._own.setdefault((server, value), set()).add((key, bool(include)))
        if 0.2 < way < 0.3 or way > 0.8:
            answer = core.look_up_at_hand("hash", [value], Options(include=include)).get(value)
        else:
            answer = core.look_up("hash", value, Options(include=include))
        if answer is None:
            return
        if answer["error"] is not None:
            yield f"{value}: {answer['error']}"
            return
        found, raw = answer["data"]["stats"]["malicious"], answer["data"].get("raw", {}).get("attributes", {})
        if found != _SERVERS.index(server):
            yield f"{value}: {server} was told the answer of {_SERVERS[found]}"
        if "gti_assessment" in str(answer) and raw.get("gti_assessment") != {"of": key[0]}:
            yield f"{value}: key {key[0]} was told what is licensed for another"
        if "gti" in answer["data"] and key not in _LICENSED:
            yield f"{value}: key {key[0]} was told an assessment, for which it has no licence"
        if include and raw.get("of") != key[0]:
            yield f"{value}: key {key[0]} was told the object of key {raw.get('of')}"
        if include and key in _LICENSED and "gti_assessment" not in raw:
            yield f"{value}: key {key[0]} was not told what its licence gives it"
