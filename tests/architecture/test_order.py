"""The order in which the workers of a run begin the tests."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests import order
from tests.order import LONG, begun_with_the_longest

TESTS = Path(order.__file__).parent


class Named(NamedTuple):
    path: Path
    number: int


def _module(name: str, count: int) -> list[Named]:
    return [Named(TESTS / f"{name}.py", number) for number in range(count)]


SHORT = [*_module("actions/test_a", 100), *_module("verdict/test_b", 60)]
ALL = [*SHORT[:80], *_module("faults/test_one", 3), *_module("package/test_appinspect", 2), *SHORT[80:]]


@pytest.mark.parametrize("workers", [1, 2, 3, 6, 8])
def test_each_test_is_there_once(workers: int) -> None:
    assert sorted(begun_with_the_longest(ALL, workers)) == sorted(ALL)


def test_the_longest_are_begun_first_each_by_a_worker_of_its_own() -> None:
    ordered = begun_with_the_longest(ALL, 2)
    middle = len(ALL) // 2
    assert [test.path.stem for test in ordered[:2]] == ["test_appinspect"] * 2
    assert [test.path.stem for test in ordered[middle : middle + 3]] == ["test_one"] * 3
    rest = [*ordered[2:middle], *ordered[middle + 3 :]]
    assert rest == SHORT


def test_without_workers_the_others_keep_their_order() -> None:
    assert begun_with_the_longest(SHORT, 1) == SHORT


@pytest.mark.parametrize("name", LONG)
def test_what_is_called_long_is_there(name: str) -> None:
    assert list(TESTS.glob(f"{name}*"))
