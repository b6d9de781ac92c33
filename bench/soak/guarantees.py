"""Shares of the day under kill -9: what is guaranteed to a client is there for it, even if others flood first."""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Callable

from bench.soak.drill import KEY, Effort, Tally, side_by_side
from tests.forked_process import Program, fork_server, of_python
from tests.redis_process import PROGRAM, RedisProcess
from tests.vtaction_process import Running, lookup, vtaction_process
from vt_connectors.adapters.core_from_environment import core_from
from vt_connectors.clock import SystemClock
from vt_connectors.core import Core
from vt_connectors.quota.reservations import GRACE_S
from vt_connectors.quota.windows import period_key
from vt_connectors.sandbox import Quota, SandboxServer

_LIMIT_IN_BRIEF, _LIMIT = 20, 80
_SHARES = {"token:a": 30, "token:b": 20, "token:c": 10}
_FLOODS_IN_BRIEF, _FLOODS = 2, 4
_KILLS_IN_BRIEF, _KILLS = 3, 6
_MOST_S = 120.0
_CLIENT = Program(sys.executable, ("vt_connectors", "requests:", "redis:"), module="bench.soak.share_client")
_ROOT = Path(__file__).resolve().parents[2]


def tallies(effort: Effort) -> Iterator[Tally]:
    parts: list[Callable[[], Iterable[Tally]]] = [lambda: _with_state(effort, "a file")]
    if PROGRAM is not None:
        parts.append(lambda: _with_state(effort, "Redis"))
    yield from side_by_side(effort, parts)


def _with_state(effort: Effort, state: str) -> Iterator[Tally]:
    exceeded = Tally(f"days with shares, processes killed, with {state}", "requests over the day's quota")
    missed = Tally(f"clients with a share of such a day, with {state}", "got less than the share, beside a flood")
    chance = random.Random(effort.seed)
    for turn in range(effort.times(1, 12)):
        place = effort.place(f"guarantees-{state.replace(' ', '-')}-{turn}")
        redis = RedisProcess(place / "redis").start() if state == "Redis" else None
        try:
            limit = effort.times(_LIMIT_IN_BRIEF, _LIMIT)
            with SandboxServer(Quota(windows=(), per_day=limit, per_month=None), latency_s=0.02) as server:
                day = _Day(server, place, chance, limit, redis.url if redis is not None else "")
                day.play(effort.times(_FLOODS_IN_BRIEF, _FLOODS), effort.times(_KILLS_IN_BRIEF, _KILLS))
                exceeded.count(*day.over_the_quota())
                for client in _SHARES:
                    missed.count(*day.missing(client))
        finally:
            if redis is not None:
                redis.kill()
    yield exceeded
    yield missed


class _Day:
    """Floods without a share come first, then the clients with shares. Of both, some are killed and replaced."""

    def __init__(self, server: SandboxServer, place: Path, chance: random.Random, limit: int, redis_url: str) -> None:
        self._server = server
        self._limit = limit
        # More than there is quota for.
        self._many = 2 * limit
        self._place = place
        self._chance = chance
        self._runner = vtaction_process(server, place)
        self._runner.environment.update(VT_API_KEY=KEY, VT_QUOTA=f"{limit}/day,10000/month")
        if redis_url:
            self._runner.environment["VT_STATE"] = redis_url
        core = core_from(self._runner.environment, SystemClock())
        assert isinstance(core, Core)
        self._core = core
        self._next = 1

    def play(self, floods_at_once: int, kills: int) -> None:
        self._core.shares.register(_SHARES, "the drill")
        floods = [self._flood() for _ in range(floods_at_once)]
        clients = [self._client(name) for name in _SHARES]
        for _ in range(kills):
            time.sleep(self._chance.uniform(0.05, 0.3))
            doomed = self._chance.randrange(floods_at_once)
            _kill(floods[doomed])
            floods[doomed] = self._flood()
            doomed = self._chance.randrange(len(clients))
            _kill(clients[doomed])
            clients[doomed] = self._client(list(_SHARES)[doomed])
        for process in [*floods, *clients]:
            process.wait(_MOST_S)
        # What was in flight when a process was killed is settled, then each client asks for all that it may have.
        time.sleep(GRACE_S + 0.1)
        for flood in [self._flood() for _ in range(floods_at_once)]:
            flood.wait(_MOST_S)
        for client in [self._client(name) for name in _SHARES]:
            client.wait(_MOST_S)

    def _numbers(self) -> int:
        """The first of new hashes, so that no answer comes from the cache."""
        first, self._next = self._next, self._next + self._many
        return first

    def _flood(self) -> Running:
        first = self._numbers()
        requests = self._place / f"{first}.in"
        documents = [lookup(f"{first + number:032x}", options={"max_wait_s": 0}) for number in range(self._many)]
        requests.write_text("".join(json.dumps(document) + "\n" for document in documents), "utf-8")
        with requests.open("rb") as given, (self._place / f"{first}.out").open("wb") as out:
            return self._runner.fork("run", stdin=given, stdout=out, stderr=out)

    def _client(self, name: str) -> Running:
        first = self._numbers()
        server = fork_server(_CLIENT, tuple(sorted(of_python(self._runner.environment).items())))
        command = ["share_client", name, str(first), str(self._many)]
        with (self._place / f"{first}.out").open("wb") as out:
            return server.start(command, self._runner.environment, stdout=out, stderr=out, folder=_ROOT)

    def over_the_quota(self) -> list[str]:
        by_day = Counter(period_key("day", request.arrived_at) for request in self._server.requests)
        losses = [f"{self._server.refused} requests refused"] * (self._server.refused > 0)
        return losses + [f"{count} requests on {day}" for day, count in by_day.items() if count > self._limit]

    def missing(self, client: str) -> list[str]:
        used = self._core.shares.usage()[client]["windows"]["day"]["used"]
        guaranteed = self._limit * _SHARES[client] // 100
        return [f"{client} got {used} of {guaranteed}"] * (used < guaranteed)


def _kill(process: Running) -> None:
    process.kill()
    process.wait()
