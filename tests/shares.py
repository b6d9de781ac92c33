"""Which tests each worker of pytest-xdist begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

# They take longest and wait most: begun first, they end beside the others instead of after them.
_GROUPS = (
    "docs/test_blocks",
    "faults/",
    "package/test_release",
    "package/test_appinspect",
    "processes/",
    "package/test_postman",
)
# The tests in a browser are with the last group. All in one worker, because each more would start a browser and load
# Splunk's renderer, which takes ten seconds of CPU.
_IN_BROWSER = len(_GROUPS) - 1
_Item = TypeVar("_Item")


def group_of(items: Iterable[pytest.Item], places: Mapping[Path, str]) -> Callable[[pytest.Item], int | None]:
    """The group that an item belongs to. `places`: the modules' paths in the folder of tests."""
    found = {path: at for path, place in places.items() for at, name in enumerate(_GROUPS) if place.startswith(name)}
    found.update({item.path: _IN_BROWSER for item in items if "chromium" in getattr(item, "fixturenames", ())})
    return lambda item: found.get(item.path)


def dealt(items: Sequence[_Item], group_of: Callable[[_Item], int | None], workers: int) -> list[_Item]:
    """`items` in an order by which each worker begins with groups of its own, and then has some of those without one.

    `--dist worksteal` cuts the list into equal shares, and later moves tests from the end of one to another worker.
    """
    begins: list[list[tuple[int, _Item]]] = [[] for _ in range(workers)]
    rest = []
    for item in items:
        group = group_of(item)
        if group is None:
            rest.append(item)
        else:
            begins[group % workers].append((group, item))
    found, left = [], len(items)
    for at, begin in enumerate(begins):
        size = left // (workers - at)
        left -= size
        more = max(0, size - len(begin))
        found += [item for _, item in sorted(begin, key=lambda each: each[0])] + rest[:more]
        del rest[:more]
    return found
