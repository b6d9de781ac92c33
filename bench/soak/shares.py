"""The distribution of quota: clients beside one that floods, some of them killed; and suspended processes."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Callable

from bench.soak.drill import KEY, Effort, Tally, side_by_side
from bench.soak.held_handshakes import HeldHandshakes
from tests.redis_process import PROGRAM, RedisProcess
from tests.vtaction_process import RunnerProcess, lookup, vtaction_process
from vt_connectors.sandbox import Quota, SandboxServer

_CLIENTS = 16
_LIMIT, _SECONDS = 4, 2.0
_LATENCY_S = 0.05
# What a machine under load may take to start a process and to run its turns.
_SLACK_S = 60.0
# A slot of a process that was stopped counts for this long, and for a window after that.
_FORGOTTEN_S = 5.0


def tallies(effort: Effort) -> Iterator[Tally]:
    parts: list[Callable[[], Iterable[Tally]]] = [lambda: _beside_a_flood(effort, "a file"), lambda: [_stopped(effort)]]
    if PROGRAM is not None:
        parts.insert(1, lambda: _beside_a_flood(effort, "Redis"))
    yield from side_by_side(effort, parts)


def _beside_a_flood(effort: Effort, state: str) -> Iterator[Tally]:
    place = effort.place(f"shares-{state.replace(' ', '-')}")
    redis = RedisProcess(place / "redis").start() if state == "Redis" else None
    try:
        with _strict() as server:
            runner = _runner(server, place, **({"VT_STATE": redis.url} if redis else {}))
            yield from _flooded(server, runner, effort, state)
    finally:
        if redis is not None:
            redis.kill()


def _flooded(server: SandboxServer, runner: RunnerProcess, effort: Effort, state: str) -> Iterator[Tally]:
    chance = random.Random(effort.seed)
    bound_s = (_CLIENTS + 1) * _SECONDS / _LIMIT + _SECONDS + _SLACK_S
    waits = Tally(
        f"lookups of {_CLIENTS - 1} clients beside one that floods, some killed, with {state}",
        "refused, or answered later than one slot for each client and one more explain",
    )
    told = Tally(f"clients refused and told when to return, beside the same, with {state}", "refused again then")
    flood = _Flood(runner, 100_000 * (state == "Redis"))
    returning = _Returning(runner)
    try:
        flood.is_waiting(server)
        for turn in range(effort.times(1, 8)):
            numbers = [f"{1 + turn * _CLIENTS + number:032x}" for number in range(_CLIENTS - 1)]
            asking = {value: _Asking(runner, value, 600) for value in numbers}
            doomed = chance.sample(numbers, 3)
            time.sleep(chance.uniform(0.5, 1.5))
            for value in doomed:
                asking[value].process.kill()
            for value, one in asking.items():
                loss = one.loss(bound_s) if value not in doomed else ""
                waits.count(*([f"{value}: {loss} (seed {effort.seed})"] if loss else []))
            loss = returning.loss(0x10000 * (turn + 1))
            told.count(*([f"{loss} (seed {effort.seed})"] if loss else []))
    finally:
        returning.end()
        flood.end()
    _hold_to_quota(server, waits)
    yield waits
    yield told


class _Returning:
    """One client that waits for no quota, and returns when it was told to."""

    def __init__(self, runner: RunnerProcess) -> None:
        self._process = runner.fork("run")

    def loss(self, first: int) -> str:
        """What is wrong with its second answer."""
        for number in range(20):
            error = self._ask(first + number)
            if error is not None:
                break
        else:
            return "the quota was never used up"
        if error["code"] != "rate_limited" or not error["retry_after_s"]:
            return f"answered {error}"
        time.sleep(error["retry_after_s"])
        again = self._ask(first + number)
        return "" if again is None else f"told {error['retry_after_s']} s, then {again['message']}"

    def _ask(self, number: int) -> dict[str, Any] | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        document = lookup(f"{number:032x}", options={"max_wait_s": 0})
        self._process.stdin.write(json.dumps(document).encode() + b"\n")
        self._process.stdin.flush()
        error: dict[str, Any] | None = json.loads(self._process.stdout.readline())["error"]
        return error

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


class _Flood:
    """One `vtaction run` with far more lookups than there is quota for, patient for ever."""

    def __init__(self, runner: RunnerProcess, first: int) -> None:
        self._process = runner.fork("run")
        assert self._process.stdin is not None
        for number in range(400):
            document = lookup(f"{0xABCDEF00000000 + first + number:032x}", options={"max_wait_s": 3600})
            self._process.stdin.write(json.dumps(document).encode() + b"\n")
        self._process.stdin.flush()

    def is_waiting(self, server: SandboxServer) -> None:
        give_up = time.monotonic() + 60
        while len(server.requests) < _LIMIT:
            assert time.monotonic() < give_up, "the flood never began"
            time.sleep(0.05)

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


class _Asking:
    """One client with one lookup that waits."""

    def __init__(self, runner: RunnerProcess, value: str, patience_s: float) -> None:
        self._began = time.monotonic()
        self.process = runner.fork("run")
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(lookup(value, options={"max_wait_s": patience_s})).encode() + b"\n")
        self.process.stdin.close()
        self.process.stdin = None

    def loss(self, bound_s: float, allowed: str = "") -> str:
        """What is wrong with the answer. An error whose code is `allowed` is none."""
        try:
            answers, _ = self.process.communicate(timeout=max(0.1, bound_s - (time.monotonic() - self._began)))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return f"no answer after {bound_s:.0f} s"
        error = json.loads(answers)["error"] if answers else "no line"
        is_right = error is None or (isinstance(error, dict) and error["code"] == allowed)
        return "" if is_right else f"answered {error}"


def _stopped(effort: Effort) -> Tally:
    """SIGSTOP between taking a slot and sending; others use the quota meanwhile."""
    tally = Tally(
        "processes stopped while they connect, and continued when their slot is another's",
        "not answered, or a request over the quota",
    )
    place = effort.place("stopped")
    quota = Quota(windows=((2, _SECONDS),), per_day=None, per_month=None)
    with SandboxServer(quota) as server, HeldHandshakes(server.url, place) as front:
        changes = {"VT_API_URL": front.url, "REQUESTS_CA_BUNDLE": str(front.ca), "VT_QUOTA": f"2/{_SECONDS}s"}
        runner = _runner(server, place, **changes)
        for turn in range(effort.times(1, 6)):
            loss = _stopped_once(front, runner, 10 * turn)
            tally.count(*([loss] if loss else []))
    _hold_to_quota(server, tally, 2)
    return tally


def _stopped_once(front: HeldHandshakes, runner: RunnerProcess, first: int) -> str:
    values = [f"{0x5709 + first + number:064x}" for number in range(3)]
    front.hold()
    stopped = _Asking(runner, values[0], 60)
    front.until_held()
    stopped.process.send_signal(signal.SIGSTOP)
    front.hold_no_more()
    time.sleep(_FORGOTTEN_S + _SECONDS + 0.2)
    others = [_Asking(runner, value, 0) for value in values[1:]]
    losses = [loss for one in others if (loss := one.loss(_SLACK_S))]
    front.release()
    stopped.process.send_signal(signal.SIGCONT)
    # A connection that took longer than it may is given up: then nothing was sent.
    return "; ".join([*losses, *filter(None, [stopped.loss(60, "timeout")])])


def _strict() -> SandboxServer:
    quota = Quota(windows=((_LIMIT, _SECONDS),), per_day=None, per_month=None)
    return SandboxServer(quota, latency_s=_LATENCY_S)


def _runner(server: SandboxServer, place: Path, **changes: str) -> RunnerProcess:
    runner = vtaction_process(server, place)
    runner.environment.update({"VT_API_KEY": KEY, "VT_QUOTA": f"{_LIMIT}/{_SECONDS}s", **changes})
    return runner


def _hold_to_quota(server: SandboxServer, tally: Tally, limit: int = _LIMIT) -> None:
    times = sorted(request.arrived_at for request in server.requests)
    most = max(bisect_left(times, at + _SECONDS) - place for place, at in enumerate(times))
    losses = [f"{server.refused} requests refused"] * (server.refused > 0)
    losses += [f"{most} requests within {_SECONDS} s"] * (most > limit)
    tally.lost += len(losses)
    tally.losses += losses
