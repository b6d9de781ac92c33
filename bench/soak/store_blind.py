"""Short processes without the quota record: together they use at most a share of the quota, or send no requests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

from bench.soak.drill import KEY, Effort, Tally
from bench.soak.store_harness import hashes
from tests.vtaction_process import RunnerProcess, vtaction_process
from vt_connectors.sandbox import Quota, SandboxServer

_LIMIT, _SHARE = 8, 2
_PROCESSES_IN_BRIEF, _PROCESSES = 5, 12
_SECONDS = 600.0
Spoil = Callable[[Path, RunnerProcess], None]


def _no_folder(folder: Path, runner: RunnerProcess) -> None:
    folder.write_text("a file where the folder should be", "utf-8")


def _nowhere(folder: Path, runner: RunnerProcess) -> None:
    runner.environment["VT_STATE"] = "/proc/nowhere/state.db"


def _no_server(folder: Path, runner: RunnerProcess) -> None:
    """Whose record nobody can read: it may have granted everything."""
    runner.environment["VT_STATE"] = "redis://127.0.0.1:9"


def tallies(effort: Effort) -> Iterator[Tally]:
    processes = effort.times(_PROCESSES_IN_BRIEF, _PROCESSES)
    blind = Tally(
        f"{processes} short processes without the record of the quota, at the same moment and one after the other",
        "requests over a quarter of the quota",
    )
    required = Tally("the same with VT_STATE_REQUIRED", "requests")
    chance = random.Random(effort.seed)
    ways: list[tuple[Spoil, int]] = [(_no_folder, _SHARE), (_nowhere, _SHARE), (_no_server, 0)]
    for number in range(effort.times(1, 4)):
        for spoil, allowed in ways if effort.is_long else chance.sample(ways, 2):
            place = effort.place(f"blind-{number}-{spoil.__name__}")
            blind.count(*_losses(place, spoil, allowed, processes, at_once=bool(number % 2), required=False))
            required.count(*_losses(place / "required", spoil, 0, processes, at_once=True, required=True))
    yield blind
    yield required


def _losses(place: Path, spoil: Spoil, allowed: int, processes: int, *, at_once: bool, required: bool) -> list[str]:
    place.mkdir(parents=True, exist_ok=True)
    (place / "runtime").mkdir(mode=0o700)
    with SandboxServer(Quota.unlimited()) as server:
        runner = vtaction_process(server, place / "state")
        runner.environment.update(
            VT_API_KEY=KEY,
            VT_QUOTA=f"{_LIMIT}/{_SECONDS:g}s",
            VT_STATE_REQUIRED=str(required),
            XDG_RUNTIME_DIR=str(place / "runtime"),
        )
        spoil(place / "state", runner)
        codes = _run(runner, hashes(processes, str(place)), at_once=at_once)
        asked = len(server.requests)
    losses = [f"{spoil.__name__}: {asked} requests, {allowed} allowed"] * (asked > allowed)
    losses += [f"{spoil.__name__}: {asked} requests of {allowed}"] * (asked < allowed)
    wrong = [code for code in codes if code not in (0, 75)]
    return losses + [f"{spoil.__name__}: exit status {code}" for code in wrong]


def _run(runner: RunnerProcess, values: list[str], *, at_once: bool) -> list[int]:
    codes, workers = [], []
    for value in values:
        process = runner.fork("lookup_hash", value, "--max-wait", "0")
        if at_once:
            workers.append(process)
        else:
            process.communicate(timeout=120)
            codes.append(process.wait())
    for process in workers:
        process.communicate(timeout=120)
        codes.append(process.wait())
    return codes
