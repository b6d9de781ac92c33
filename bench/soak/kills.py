"""Processes with shared state are killed at any moment (kill -9), under a quota that the server enforces exactly."""

from __future__ import annotations

import json
import random
import subprocess
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Callable

from bench.soak.drill import KEY, Effort, Tally, side_by_side
from bench.soak.kept_state import damaged_rows, rows_at_server
from tests.redis_process import PROGRAM, RedisProcess
from tests.vtaction_process import RunnerProcess, Running, lookup, vtaction_process
from vt_connectors.coalescing.leases import LEASE_S
from vt_connectors.sandbox import Quota, SandboxServer
from vt_connectors.state.heartbeat import INTERVAL_S

_PROCESSES_IN_BRIEF, _PROCESSES = 5, 8
_LIMIT, _SECONDS = 8, 1.5
_LATENCY_S = 0.05
# A process lives for up to this long before it is its turn.
_KILL_EVERY_S = (0.05, 1.1)
# What a machine under load may take to start a process and to run its turns.
_SLACK_S = 60.0


def tallies(effort: Effort) -> Iterator[Tally]:
    parts: list[Callable[[], Iterable[Tally]]] = [lambda: _in_file(effort), lambda: [_held(effort)]]
    if PROGRAM is not None:
        parts.insert(1, lambda: _at_server(effort))
    yield from side_by_side(effort, parts)


def _in_file(effort: Effort) -> Iterator[Tally]:
    place = effort.place("kills")
    with _strict() as server:
        yield from _killed(server, _runner(server, place), place, effort, effort.times(6, 200), "a file")
    yield _rows("rows of both files after these kills", damaged_rows(place / "state.db"))


def _at_server(effort: Effort) -> Iterator[Tally]:
    place = effort.place("kills-at-a-server")
    redis = RedisProcess(place / "redis").start()
    try:
        with _strict() as server:
            runner = _runner(server, place, VT_STATE=redis.url)
            yield from _killed(server, runner, place, effort, effort.times(3, 40), "Redis")
        yield _rows("keys of Redis after these kills", rows_at_server(redis))
    finally:
        redis.kill()


def _strict() -> SandboxServer:
    quota = Quota(windows=((_LIMIT, _SECONDS),), per_day=None, per_month=None)
    return SandboxServer(quota, latency_s=_LATENCY_S)


def _runner(server: SandboxServer, place: Path, **changes: str) -> RunnerProcess:
    runner = vtaction_process(server, place)
    runner.environment.update({"VT_API_KEY": KEY, "VT_QUOTA": f"{_LIMIT}/{_SECONDS}s", **changes})
    return runner


def _killed(
    server: SandboxServer, runner: RunnerProcess, place: Path, effort: Effort, kills: int, state: str
) -> Iterator[Tally]:
    """`kills` times one of the processes dies and another one takes its place; the last ones come to their end."""
    chance = random.Random(effort.seed)
    processes = effort.times(_PROCESSES_IN_BRIEF, _PROCESSES)
    quota = Tally(f"kill -9, {processes} processes with {state}", "requests over the quota, by any window")
    each = effort.times(6, 30)

    def member(number: int) -> _Member:
        # Others want some of them too.
        wanted = [f"{value:032x}" for value in chance.sample(range(1, 13 * each), each)]
        return _Member(runner, place / f"{number}", wanted)

    workers = [member(number) for number in range(processes)]
    for number in range(kills):
        time.sleep(chance.uniform(*_KILL_EVERY_S))
        doomed = chance.randrange(processes)
        workers[doomed].kill()
        workers[doomed] = member(processes + number)
        quota.count()
    answered = Tally(
        f"lookups of those who survived, with {state}", "not answered, an error, or later than quota and leases explain"
    )
    began = time.monotonic()
    for survivor in workers:
        for value, loss in survivor.losses(_longest_s(each) - (time.monotonic() - began)).items():
            answered.count(*([f"{value}: {loss} (seed {effort.seed})"] if loss else []))
    quota.tried = kills
    _hold_to_quota(server, quota)
    yield quota
    yield answered


def _longest_s(each: int) -> float:
    """If every lookup had to be asked, and every leader had died just now."""
    return _PROCESSES * each / _LIMIT * (_SECONDS + _LATENCY_S) + LEASE_S + _SLACK_S


def _hold_to_quota(server: SandboxServer, tally: Tally) -> None:
    times = sorted(request.arrived_at for request in server.requests)
    most = max(bisect_left(times, at + _SECONDS) - place for place, at in enumerate(times))
    losses = [f"{server.refused} requests refused"] * (server.refused > 0)
    losses += [f"{most} requests within {_SECONDS} s"] * (most > _LIMIT)
    tally.lost += len(losses)
    tally.losses += losses
    tally.what += f", {len(times)} requests"


class _Member:
    """A process with lookups to make; `place` and a suffix is where it reads and writes."""

    def __init__(self, runner: RunnerProcess, place: Path, wanted: list[str]) -> None:
        self._wanted = wanted
        self._answers = place.with_suffix(".out")
        requests = place.with_suffix(".in")
        requests.write_text("".join(json.dumps(_patient(value)) + "\n" for value in wanted), "utf-8")
        with requests.open("rb") as given, self._answers.open("wb") as out, place.with_suffix(".err").open("wb") as err:
            self._process = runner.fork("run", "--log-level", "debug", stdin=given, stdout=out, stderr=err)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def losses(self, patience_s: float) -> dict[str, str]:
        """Each hash it was to look up, and what was wrong with that."""
        try:
            self._process.wait(max(1.0, patience_s))
        except subprocess.TimeoutExpired:
            self.kill()
        lines = [json.loads(line) for line in self._answers.read_text("utf-8").splitlines()]
        found = {line["id"]: line for line in lines}
        return {value: _wrong(found.get(value)) for value in self._wanted}


def _wrong(answer: Mapping[str, Any] | None) -> str:
    if answer is None:
        return "never answered"
    return "" if answer["status"] in ("ok", "not_found") else f"answered {answer['status']}: {answer['error']}"


def _patient(value: str) -> dict[str, object]:
    return lookup(value, id=value, options={"max_wait_s": 600})


def _held(effort: Effort) -> Tally:
    """Who waits for another's request has its answer when that other is dead: after the lease, not for ever."""
    latency_s, workers = 2.0, 6
    tally = Tally(
        "leaders killed while their request is under way", f"followers not answered {LEASE_S:.0f} s of lease later"
    )
    chance = random.Random(effort.seed)
    place = effort.place("kills-of-leaders")
    with SandboxServer(Quota.unlimited(), latency_s=latency_s) as server:
        runner = _runner(server, place, VT_QUOTA="none")
        for turn in range(effort.times(1, 7)):
            values = [f"{turn * workers + number + 1:064x}" for number in range(workers)]
            known = len(server.all_requests)
            leaders = [_asking(runner, value) for value in values]
            _until(lambda: len(server.all_requests) >= known + workers)  # noqa: B023  # used before the next turn
            followers = [_asking(runner, value) for value in values]
            time.sleep(chance.uniform(0.0, latency_s / 2))
            for leader in leaders:
                leader.kill()
            killed_at = time.monotonic()
            patience_s = LEASE_S + INTERVAL_S + latency_s + _SLACK_S
            for value, follower in zip(values, followers):
                loss = _outcome(follower, killed_at + patience_s - time.monotonic())
                tally.count(*([f"{value}: {loss}"] if loss else []))
            for leader in leaders:
                leader.communicate()
    return tally


def _asking(runner: RunnerProcess, value: str) -> Running:
    process = runner.fork("run")
    assert process.stdin is not None
    process.stdin.write(json.dumps(lookup(value)).encode() + b"\n")
    process.stdin.flush()
    process.stdin.close()
    process.stdin = None
    return process


def _until(came: object) -> None:
    assert callable(came)
    give_up = time.monotonic() + 60
    while not came():
        assert time.monotonic() < give_up, "the leaders never asked"
        time.sleep(0.02)


def _outcome(process: Running, patience_s: float) -> str:
    try:
        answers, _ = process.communicate(timeout=max(0.1, patience_s))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return f"no answer after {patience_s:.0f} s"
    return _wrong(json.loads(answers)) if answers else "no answer at all"


def _rows(what: str, found: tuple[int, list[str]]) -> Tally:
    tried, damaged = found
    return Tally(what, "cannot be read, or stay for ever", tried, len(damaged), damaged[:5])
