"""State files that are deleted while several processes use them and others start."""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from bench.soak.drill import Effort, Tally
from bench.soak.store_harness import StoreHouse, hashes
from vt_connectors.core import Core

_LIMIT, _SECONDS = 8, 60.0


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally(
        "files of the state, or its folder, deleted under several processes while others come",
        "a wrong answer, an unknown error, a request over the quota",
    )
    for number in range(effort.times(5, 200)):
        seed = effort.seed + number
        place = effort.place("store") / "several"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        tally.count(*(f"seed {seed}: {loss}" for loss in _one(place, random.Random(seed))))
    yield tally


def _one(place: Path, chance: random.Random) -> list[str]:
    house = StoreHouse(place / "state.db", f"{_LIMIT}/{_SECONDS:g}s")
    knew = [house.core(), house.core()]
    fresh = hashes(6 * _LIMIT)
    losses = [loss for core in knew for loss in house.ask(core, _take(fresh, _LIMIT // 4))]
    what = _delete(place, chance)
    newcomer = house.core()
    # One request of a newcomer's fits in beside the half that is used; from then on those who knew tell it.
    if chance.random() < 0.7:
        what += ", and a newcomer comes first"
        losses += house.ask(newcomer, _take(fresh, 1))
    losses += house.ask(chance.choice(knew), _take(fresh, 1))
    for _ in range(2 * _LIMIT):
        losses += _somewhere(house, chance.choice([*knew, newcomer]), _take(fresh, 1), chance)
    most = house.most_within(_SECONDS)
    losses += [f"{most} requests within {_SECONDS:g} s"] * (most > _LIMIT)
    house.clock.advance(_SECONDS + 31)
    asked = len(house.asked)
    losses += house.ask(newcomer, last := _take(fresh, 1))
    losses += [f"nobody asks any more: {last}"] * (len(house.asked) == asked)
    for core in (*knew, newcomer):
        core.close()
    return [f"{what}: {loss}" for loss in losses]


def _take(fresh: list[str], count: int) -> list[str]:
    """Ones that are in no cache."""
    return [fresh.pop() for _ in range(count)]


def _delete(place: Path, chance: random.Random) -> str:
    if chance.random() < 0.2:
        shutil.rmtree(place)
        return "the folder"
    files = sorted(place.iterdir())
    gone = chance.sample(files, chance.randint(1, len(files)))
    for path in gone:
        path.unlink()
    return " and ".join(path.name for path in gone)


def _somewhere(house: StoreHouse, core: Core, values: list[str], chance: random.Random) -> list[str]:
    """A lookup in this thread, or in one that has not seen the files before."""
    if chance.random() < 0.5:
        return house.ask(core, values)
    losses: list[str] = []
    thread = threading.Thread(target=lambda: losses.extend(house.ask(core, values)))
    thread.start()
    thread.join()
    return losses
