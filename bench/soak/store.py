"""State files with all kinds of damage: lookups continue, with right answers."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

from bench.soak.drill import Effort, Tally
from bench.soak.store_blind import tallies as blind_tallies
from bench.soak.store_crashed import tallies as crashed_tallies
from bench.soak.store_crowd import tallies as crowd_tallies
from bench.soak.store_full import tallies as full_tallies
from bench.soak.store_harness import StoreHouse, hashes
from bench.soak.store_identity import tallies as identity_tallies
from bench.soak.store_processes import process_tallies
from bench.soak.store_several import tallies as several_tallies

_LIMIT, _SECONDS = 20, 60.0
_LOST_MEANS = "a wrong answer, an unknown error, a request over the quota"
_FILES = ("state.db", "state-quota.db")

# What is done to a folder with a filled state; True when the quota's record may have gone with it.
Break = Callable[[Path, random.Random], None]


def tallies(effort: Effort) -> Iterator[Tally]:
    for what, damage, quick, long in (
        ("bytes written over at random places of a closed state file", _written_over, 6, 500),
        ("a state file cut off at a random length", _cut_off, 4, 250),
        ("files of the state deleted while no process uses them", _deleted, 4, 250),
        ("a state file of a newer version", _newer, 2, 20),
    ):
        yield _broken(effort, what, damage, effort.times(quick, long), while_open=False)
    yield _broken(effort, "files of the state deleted while they are open", _deleted, effort.times(4, 250), True)
    yield _broken(effort, "bytes written over while the file is open", _written_over, effort.times(4, 250), True)
    yield from crashed_tallies(effort)
    yield from several_tallies(effort)
    yield from full_tallies(effort)
    yield from process_tallies(effort)
    yield from crowd_tallies(effort)
    yield from identity_tallies(effort)
    yield from blind_tallies(effort)


def _broken(effort: Effort, what: str, damage: Break, times: int, while_open: bool) -> Tally:
    tally = Tally(what, _LOST_MEANS)
    for number in range(times):
        seed = effort.seed + number
        place = effort.place("store") / f"{damage.__name__}{'-open' * while_open}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        tally.count(*(f"seed {seed}: {loss}" for loss in _one(place, damage, random.Random(seed), while_open)))
    return tally


def _one(place: Path, damage: Break, chance: random.Random, while_open: bool) -> list[str]:
    house = StoreHouse(place / "state.db", f"{_LIMIT}/{_SECONDS:g}s")
    known = hashes(chance.randrange(4, 10))
    core = house.core()
    losses = house.ask(core, known)
    if not while_open:
        core.close()
        core = house.core()
    before = {name: _content(place / name) for name in _FILES}
    damage(place, chance)
    # Of a record that went while nobody used it, nobody knows: it begins anew.
    begins_anew = not while_open and not (place / _FILES[1]).exists()
    touched = {name for name in _FILES if damage is _newer and _content(place / name) != before[name]}
    newer = {name: _content(place / name) for name in touched}
    # More than the window holds: what is over the quota is refused, whatever has become of the record.
    wanted = known + hashes(_LIMIT + 5, "later")
    chance.shuffle(wanted)
    losses += house.ask(core, wanted)
    house.clock.advance(_SECONDS + 31)
    losses += house.ask(house.core(), known)
    losses += [f"{name} was changed" for name, content in newer.items() if _content(place / name) != content]
    # A shared record that nobody may write is the one case in which a share of the quota is added to it.
    allowed = _LIMIT + _LIMIT // 4 * bool(newer) + len(known) * begins_anew
    most = house.most_within(_SECONDS)
    return losses + [f"{most} requests within {_SECONDS:g} s"] * (most > allowed)


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _written_over(folder: Path, chance: random.Random) -> None:
    path = folder / chance.choice(_FILES)
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice((1, 1, 3, 20))):
        chance.choice((_scribbled, _bit_flipped, _digit_changed, _page_moved))(content, chance)
    with path.open("r+b") as file:
        file.write(content)


def _scribbled(content: bytearray, chance: random.Random) -> None:
    begin = chance.randrange(len(content))
    length = min(chance.choice((1, 4, 100, 4096)), len(content) - begin)
    content[begin : begin + length] = chance.randbytes(length)


def _bit_flipped(content: bytearray, chance: random.Random) -> None:
    content[chance.choice([at for at, byte in enumerate(content) if byte])] ^= 1 << chance.randrange(8)


def _digit_changed(content: bytearray, chance: random.Random) -> None:
    """What is read without complaint: another number."""
    digits = [at for at, byte in enumerate(content) if 0x30 <= byte <= 0x39]
    for at in chance.sample(digits, min(len(digits), 8)):
        content[at] = chance.randrange(0x30, 0x3A)


def _page_moved(content: bytearray, chance: random.Random) -> None:
    source, target = (chance.randrange(0, len(content), 4096) for _ in range(2))
    content[target : target + 4096] = content[source : source + 4096]


def _cut_off(folder: Path, chance: random.Random) -> None:
    path = folder / chance.choice(_FILES)
    with path.open("r+b") as file:
        file.truncate(chance.randrange(path.stat().st_size))


def _deleted(folder: Path, chance: random.Random) -> None:
    files = sorted(folder.iterdir())
    for path in chance.sample(files, chance.randrange(1, len(files) + 1)):
        path.unlink()


def _newer(folder: Path, chance: random.Random) -> None:
    path = folder / chance.choice(_FILES)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
