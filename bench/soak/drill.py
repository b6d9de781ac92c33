"""A drill: one kind of fault, tried many times, and its losses."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

# The API key of all drills; all their files are searched for it.
KEY = "5ec4e7" + "d" * 58
# Enough examples to find the cause.
_MOST_KEPT = 5


@dataclass
class Tally:
    """One line of the page: `what` was broken, the number of tries, the meaning of `lost`, and the number of losses."""

    what: str
    lost_means: str
    tried: int = 0
    lost: int = 0
    losses: list[str] = field(default_factory=list)

    def count(self, *losses: str) -> None:
        """Count one try. Each of `losses` says what was wrong, with which value, and how to reproduce it."""
        self.tried += 1
        self.lost += len(losses)
        self.losses.extend(losses[: _MOST_KEPT - len(self.losses)])


@dataclass(frozen=True)
class Effort:
    """The number of tries. `folder`: a drill's outputs, logs and state files there are searched for the key."""

    folder: Path
    is_long: bool = False
    seed: int = 20261123

    def times(self, quick: int, long: int) -> int:
        return long if self.is_long else quick

    def place(self, name: str) -> Path:
        """A new folder of that name within `folder`."""
        place = self.folder / name
        place.mkdir(parents=True, exist_ok=True)
        return place


Drill = Callable[[Effort], Iterable[Tally]]


def side_by_side(effort: Effort, parts: Sequence[Callable[[], Iterable[Tally]]]) -> Iterator[Tally]:
    """The tallies of parts that mostly wait, and share nothing. At full length one after the other."""
    if effort.is_long:
        yield from itertools.chain.from_iterable(part() for part in parts)
        return
    with ThreadPoolExecutor(len(parts)) as pool:
        for tallies in pool.map(lambda part: list(part()), parts):
            yield from tallies


def assert_nothing_lost(tallies: Iterable[Tally]) -> None:
    """For the tests: there were tries, and no losses."""
    seen: Iterator[Tally] = iter(tallies)
    any_tried = False
    for tally in seen:
        any_tried = True
        assert tally.tried > 0, f"nothing was tried: {tally.what}"
        assert tally.lost == 0, f"{tally.what}: {tally.losses}"
    assert any_tried
