"""Cached answers and leases while the clock is set: no answer is too old or from the future, no lease never ends."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.soak.clocks_setting import SetClock
from bench.soak.drill import KEY, Effort, Tally
from bench.soak.network_harness import file_object, lookup
from tests.fake_clock import START
from vt_connectors.api_key import ApiKey
from vt_connectors.backends.memory.leases import MemoryLeases
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.backends.sqlite.leases import SCHEMA, SqliteLeases
from vt_connectors.cache import Entry
from vt_connectors.coalescing import Fetched, Lease, LeaseStore, SingleFlight, Task
from vt_connectors.coalescing.leases import LEASE_S
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from
from vt_connectors.contract.validation import violation
from vt_connectors.core import Core
from vt_connectors.state.fallback import Fallback
from vt_connectors.state.heartbeat import Heartbeat
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

_HASHES = tuple(f"{number:02x}" * 32 for number in (0xA1, 0xB2, 0xC3))
_TTL_S = 86400.0
# An answer this far in the future may come from the difference of two clocks.
_AHEAD_S = 300.0


def tallies(effort: Effort) -> Iterator[Tally]:
    answers = Tally(
        "lookups of two processes with one cache while the clock is set to and fro, days on end",
        "no answer, one against the contract, a kept one from the future, or older than it may be and was set back",
    )
    leases = Tally(
        "waits for the answer of a process that was killed, while the clock is set",
        "no follower takes over within the lease",
    )
    with tempfile.TemporaryDirectory(dir=effort.place("clocks")) as folder:
        for number in range(effort.times(6, 60)):
            seed = effort.seed * 100_000 + number
            _Pair(seed, Path(folder) / f"state-{number}.db").run(answers)
        for number in range(effort.times(40, 500)):
            _take_over(effort.seed * 100_000 + number, Path(folder), leases)
    yield answers
    yield leases


@dataclass(frozen=True)
class _Told:
    """A response of the server: its true time, its time by the clock, and how far the clock had been set back."""

    true: float
    clock: float
    set_back: float


class _Pair:
    """Two processes; an engine count contains the number of the server's response."""

    def __init__(self, seed: int, state: Path) -> None:
        self._name = f"pair {seed}"
        self._draw = random.Random(seed)
        self._clock = SetClock(START, self._draw, 0.15)
        self._told: list[_Told] = []
        self._cores = [self._core(state) for _ in range(2)]

    def _core(self, state: Path) -> Core:
        settings = settings_from({"VT_STATE": str(state), "VT_QUOTA": "none", "VT_CACHE_TTL": str(int(_TTL_S))})
        return build(settings, lambda: ApiKey(KEY), self._clock, lambda _: self)

    def send(self, request: HttpRequest) -> HttpResponse:
        self._told.append(_Told(self._clock.true, self._clock.now(), self._set_back))
        found = file_object(request.url.rpartition("/")[2])
        found["data"]["attributes"]["last_analysis_stats"]["undetected"] = len(self._told)
        return HttpResponse(200, {}, json.dumps(found).encode())

    @property
    def _set_back(self) -> float:
        return -sum(step for step in self._clock.steps if step < 0)

    def run(self, tally: Tally) -> None:
        for _ in range(60):
            self._clock.advance(self._draw.choice([1.0, 200.0, 5000.0, 40000.0]) * self._draw.random())
            response = self._draw.choice(self._cores).answer(lookup(self._draw.choice(_HASHES)))
            wrong = violation("response.json", response) or self._wrong(response)
            tally.count(*([f"{self._name}: {wrong}, set by {self._clock.steps}"] if wrong else []))
        for core in self._cores:
            core.close()

    def _wrong(self, response: Mapping[str, Any]) -> str | None:
        data, meta = response["data"], response["meta"]
        if response["status"] != "ok" or not isinstance(data, dict) or not isinstance(meta, dict):
            return str(response["summary"])
        told = self._told[data["stats"]["undetected"] - 1]
        if meta["source"] == "api":
            return None
        age, ahead = self._clock.true - told.true, told.clock - self._clock.now()
        if ahead > _AHEAD_S:
            return f"from {ahead:.0f} s in the future"
        longest = _TTL_S + self._set_back - told.set_back
        return f"{age:.0f} s old, {longest:.0f} s at most" if age > longest + 1.0 else None


def _take_over(seed: int, folder: Path, tally: Tally) -> None:
    draw = random.Random(seed)
    clock = SetClock(START, draw, draw.choice([0.05, 0.5]))
    leases: LeaseStore = MemoryLeases(clock)
    if draw.random() < 0.3:
        leases = SqliteLeases(SqliteFile(folder / f"leases-{seed}.db", SCHEMA, "WAL"), clock)
    leases.claim("key", Lease("killed"))
    if draw.random() < 0.5:
        leases.waiting("key", "killed", True)
    clock.advance(draw.uniform(0.0, LEASE_S))
    flight = SingleFlight(Fallback(leases, MemoryLeases(clock), clock, "alone"), clock, Heartbeat())
    began = clock.monotonic()
    found = Fetched(Entry("not_found", {}, clock.now()), is_cached=True)
    task = Task("key", "", lambda: None, lambda _: found, lambda entry, public: found, lambda entry: True)
    flight.run(task, began + 3600)
    waited = clock.monotonic() - began
    tally.count(*([f"lease {seed}: {waited:.1f} s, set by {clock.steps}"] if waited > LEASE_S + 1.0 else []))
