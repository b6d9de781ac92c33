"""State files after an exit or crash, with SQLite's own files beside them, damaged anywhere: they are rebuilt."""

from __future__ import annotations

import logging
import random
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.soak.drill import Effort, Tally
from bench.soak.store_harness import StoreHouse, hashes

_LIMIT, _SECONDS = 8, 60.0
_PAGE = 4096
# Of a database's header: https://www.sqlite.org/fileformat.html
_OWNER = slice(68, 72)
_KEY = re.compile(rb"v3:hash:[0-9a-f]{64}")
# Bytes that say whose file it is, and of which version and format, can be hit too: then it is not ours to touch.
_NOT_OURS = ("newer version", "another program", "unsupported file format", "readonly database")


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally(
        "files as an end or a crash leaves them, SQLite's own beside them, damaged anywhere",
        "a wrong answer, an unknown error, a request over the quota, a file neither mended nor made anew",
    )
    for number in range(effort.times(5, 300)):
        seed = effort.seed + number
        place = effort.place("store") / "crashed"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        tally.count(*(f"seed {seed}: {loss}" for loss in _one(place, random.Random(seed))))
    yield tally


def _one(place: Path, chance: random.Random) -> list[str]:
    quota = f"{_LIMIT}/{_SECONDS:g}s"
    house = StoreHouse(place / "state.db", quota)
    known, fresh = hashes(_LIMIT), hashes(4 * _LIMIT, "fresh")
    early = house.core()
    losses = house.ask(early, known)
    left = place / "left"
    if chance.random() < 0.5:
        # What lay beside the files is in them then.
        early.close()
    shutil.copytree(place, left)
    early.close()
    before = {path.name: _owner(path) for path in left.iterdir()}
    hit, what = _damage(left, chance)
    is_owner_hit = _owner(hit) != before[hit.name]
    after = house.at(left / "state.db")
    with _listening() as said:
        for core in (after.core(), after.core()):
            losses += after.ask(core, [*known, *chance.sample(fresh, 2)])
            core.close()
        after.clock.advance(_SECONDS + 31)
        for core in (after.core(), after.core()):
            losses += after.ask(core, fresh[:2])
            core.close()
    # With the bytes that say whose file it is, and the tables' names, goes what shows that it is ours.
    if is_owner_hit:
        losses = [loss for loss in losses if "was not made by vt-connectors" not in loss]
    unusable = [line for line in said if "working without" in line or "a quarter" in line]
    if not any(mark in line for line in unusable for mark in _NOT_OURS):
        most = after.most_within(_SECONDS)
        losses += [f"{most} requests within {_SECONDS:g} s"] * (most > _LIMIT) + unusable
    return [f"{what}: {loss}" for loss in losses]


def _owner(path: Path) -> bytes:
    return path.read_bytes()[_OWNER]


def _damage(folder: Path, chance: random.Random) -> tuple[Path, str]:
    """The file that was hit, and how."""
    path = chance.choice([path for path in sorted(folder.iterdir()) if path.stat().st_size])
    content = bytearray(path.read_bytes())
    # The first page has the words that all others are read by. Most of what is zero is free.
    reach = content[:_PAGE] if chance.random() < 0.4 else content
    at = chance.choice([at for at, byte in enumerate(reach) if byte] or [0])
    kind = chance.choice(("flipped", "cut off", "blank", "written over", "hit behind a key"))
    if kind == "hit behind a key":
        # In an index a row's number stands there: another one leads to another row.
        at = chance.choice([key.end() for key in _KEY.finditer(content)] or [at]) % len(content)
        content[at] = chance.randint(1, _LIMIT)
    elif kind == "flipped":
        content[at] ^= 1 << chance.randrange(8)
    elif kind == "cut off":
        del content[at:]
    else:
        size = min(chance.choice((1, 100, _PAGE)), len(content) - at)
        content[at : at + size] = bytes(size) if kind == "blank" else chance.randbytes(size)
    path.write_bytes(content)
    return path, f"{path.name} {kind} at {at}"


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What the log says meanwhile."""
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("vt_connectors")
    log.addHandler(handler)
    try:
        yield said
    finally:
        log.removeHandler(handler)
