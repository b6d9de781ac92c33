"""Shares of the day under kill -9: what is guaranteed to a client is there for it, even if others flood first."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.soak.drill import KEY, Effort, Tally
from tests.redis_process import PROGRAM, RedisProcess
from tests.vtaction_process import Running, lookup, vtaction_process
from vt_connectors.adapters.core_from_environment import core_from
from vt_connectors.clock import SystemClock
from vt_connectors.core import Core
from vt_connectors.quota.reservations import GRACE_S
from vt_connectors.quota.windows import period_key
from vt_connectors.sandbox import Quota, SandboxServer

_LIMIT = 80
_SHARES = {"token:a": 30, "token:b": 20, "token:c": 10}
_GUARANTEED = {client: _LIMIT * percent // 100 for client, percent in _SHARES.items()}
_FLOODS = 4
# More than there is quota for.
_MANY = 2 * _LIMIT
_MOST_S = 120.0
_ROOT = Path(__file__).resolve().parents[2]


def tallies(effort: Effort) -> Iterator[Tally]:
    yield from _with_state(effort, "a file")
    if PROGRAM is not None:
        yield from _with_state(effort, "Redis")


def _with_state(effort: Effort, state: str) -> Iterator[Tally]:
    exceeded = Tally(f"days with shares, processes killed, with {state}", "requests over the day's quota")
    missed = Tally(f"clients with a share of such a day, with {state}", "got less than the share, beside a flood")
    chance = random.Random(effort.seed)
    for turn in range(effort.times(1, 12)):
        place = effort.place(f"guarantees-{state.replace(' ', '-')}-{turn}")
        redis = RedisProcess(place / "redis").start() if state == "Redis" else None
        try:
            with SandboxServer(Quota(windows=(), per_day=_LIMIT, per_month=None), latency_s=0.02) as server:
                day = _Day(server, place, chance, redis.url if redis is not None else "")
                day.play()
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

    def __init__(self, server: SandboxServer, place: Path, chance: random.Random, redis_url: str) -> None:
        self._server = server
        self._place = place
        self._chance = chance
        self._runner = vtaction_process(server, place)
        self._runner.environment.update(VT_API_KEY=KEY, VT_QUOTA=f"{_LIMIT}/day,10000/month")
        if redis_url:
            self._runner.environment["VT_STATE"] = redis_url
        core = core_from(self._runner.environment, SystemClock())
        assert isinstance(core, Core)
        self._core = core
        self._next = 1

    def play(self) -> None:
        self._core.shares.register(_SHARES, "the drill")
        floods = [self._flood() for _ in range(_FLOODS)]
        clients = [self._client(name) for name in _SHARES]
        for _ in range(6):
            time.sleep(self._chance.uniform(0.05, 0.3))
            doomed = self._chance.randrange(_FLOODS)
            _kill(floods[doomed])
            floods[doomed] = self._flood()
            doomed = self._chance.randrange(len(clients))
            _kill(clients[doomed])
            clients[doomed] = self._client(list(_SHARES)[doomed])
        for process in [*floods, *clients]:
            process.wait(_MOST_S)
        # What was in flight when a process was killed is settled, then each client asks for all that it may have.
        time.sleep(GRACE_S + 0.1)
        for flood in [self._flood() for _ in range(_FLOODS)]:
            flood.wait(_MOST_S)
        for client in [self._client(name) for name in _SHARES]:
            client.wait(_MOST_S)

    def _numbers(self) -> int:
        """The first of new hashes, so that no answer comes from the cache."""
        first, self._next = self._next, self._next + _MANY
        return first

    def _flood(self) -> Running:
        first = self._numbers()
        requests = self._place / f"{first}.in"
        documents = [lookup(f"{first + number:032x}", options={"max_wait_s": 0}) for number in range(_MANY)]
        requests.write_text("".join(json.dumps(document) + "\n" for document in documents), "utf-8")
        with requests.open("rb") as given, (self._place / f"{first}.out").open("wb") as out:
            return self._runner.fork("run", stdin=given, stdout=out, stderr=out)

    def _client(self, name: str) -> Running:
        first = self._numbers()
        command = [sys.executable, "-m", "bench.soak.share_client", name, str(first), str(_MANY)]
        with (self._place / f"{first}.out").open("wb") as out:
            return subprocess.Popen(command, env=self._runner.environment, stdout=out, stderr=out, cwd=_ROOT)

    def over_the_quota(self) -> list[str]:
        by_day = Counter(period_key("day", request.arrived_at) for request in self._server.requests)
        losses = [f"{self._server.refused} requests refused"] * (self._server.refused > 0)
        return losses + [f"{count} requests on {day}" for day, count in by_day.items() if count > _LIMIT]

    def missing(self, client: str) -> list[str]:
        used = self._core.shares.usage()[client]["windows"]["day"]["used"]
        return [f"{client} got {used} of {_GUARANTEED[client]}"] * (used < _GUARANTEED[client])


def _kill(process: Running) -> None:
    process.kill()
    process.wait()
