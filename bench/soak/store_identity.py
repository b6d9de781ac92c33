"""One state under several names and paths, used by real processes: the quota is granted only once."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

from bench.soak.drill import KEY, Effort, Tally
from bench.soak.store_harness import hashes
from tests.vtaction_process import RunnerProcess, Running, vtaction_process
from vt_connectors.sandbox import Quota, SandboxServer

_LIMIT = 4
_PROCESSES_IN_BRIEF, _PROCESSES = 4, 6
# Long enough for all processes to start in it on a busy machine.
_SECONDS = 600.0
Elsewhere = Callable[[Path], Path]


def _beside(folder: Path) -> Path:
    (folder.parent / "link.db").symlink_to(folder / "state.db")
    return folder.parent / "link.db"


def _linked_folder(folder: Path) -> Path:
    (folder.parent / "linked").symlink_to(folder)
    return folder.parent / "linked" / "state.db"


def _copied_alone(folder: Path) -> Path:
    other = folder.parent / "copy"
    other.mkdir(mode=0o700)
    shutil.copyfile(folder / "state.db", other / "named.db")
    return other / "named.db"


def _copied_folder(folder: Path) -> Path:
    shutil.copytree(folder, folder.parent / "copied")
    return folder.parent / "copied" / "state.db"


def _moved_alone(folder: Path) -> Path:
    other = folder.parent / "moved"
    other.mkdir(mode=0o700)
    return (folder / "state.db").rename(other / "named.db")


def _renamed(folder: Path) -> Path:
    return (folder / "state.db").rename(folder / "named.db")


def _without_record(folder: Path) -> Path:
    (folder / "state-quota.db").unlink()
    return folder / "state.db"


def _without_cache(folder: Path) -> Path:
    (folder / "state.db").unlink()
    return folder / "state.db"


_ALL: tuple[Elsewhere, ...] = (
    _beside,
    _linked_folder,
    _copied_alone,
    _copied_folder,
    _moved_alone,
    _renamed,
    _without_record,
    _without_cache,
)


def tallies(effort: Effort) -> Iterator[Tally]:
    processes = effort.times(_PROCESSES_IN_BRIEF, _PROCESSES)
    tally = Tally(
        f"one state under two names (linked, copied, moved, in halves), {processes} processes, {_LIMIT} allowed",
        "requests over the quota, a quota that is not used",
    )
    chance = random.Random(effort.seed)
    chosen = list(_ALL) if effort.is_long else chance.sample(_ALL, 3)
    for number, elsewhere in enumerate(chosen * effort.times(1, 3)):
        place = effort.place(f"identity-{number}")
        tally.count(*(f"{elsewhere.__name__}: {loss}" for loss in _one(place, elsewhere, processes)))
    yield tally


def _one(place: Path, elsewhere: Elsewhere, processes: int) -> list[str]:
    with SandboxServer(Quota.unlimited()) as server:
        runner = vtaction_process(server, place / "state")
        runner.environment.update(VT_API_KEY=KEY, VT_QUOTA=f"{_LIMIT}/{_SECONDS:g}s")
        wanted = hashes(3 * processes, f"identity {time.monotonic()}")
        # One request is made under the first name; it also makes the files.
        _ask(runner, place / "state" / "state.db", [wanted.pop()])
        other = elsewhere(place / "state")
        workers = []
        for number in range(processes):
            state = other if number % 2 else place / "state" / "state.db"
            if not state.exists() and state != other:
                state = other
            workers.append(_begin(runner, state, [wanted.pop(), wanted.pop()]))
        for process in workers:
            process.communicate(timeout=120)
        asked = len(server.requests)
    losses = [f"{asked} requests, {_LIMIT} allowed"] * (asked > _LIMIT)
    is_lost = elsewhere is _without_record
    return losses + [f"{asked} requests of {_LIMIT}"] * (asked < _LIMIT and not is_lost)


def _begin(runner: RunnerProcess, state: Path, values: list[str]) -> Running:
    arguments = ("lookup_hash", *values, "--max-wait", "0")
    return runner.fork(*arguments, VT_STATE=str(state))


def _ask(runner: RunnerProcess, state: Path, values: list[str]) -> None:
    _begin(runner, state, values).communicate(timeout=120)
