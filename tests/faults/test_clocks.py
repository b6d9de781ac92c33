"""Clocks that are set, at the length of a test."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from bench.soak import clocks
from bench.soak.drill import Effort, assert_nothing_lost

pytestmark = pytest.mark.once


@pytest.mark.parametrize("part", clocks.PARTS, ids=lambda part: part.__name__.rpartition("_")[2])
def test_nothing_is_lost_to_a_clock_that_is_set(part: ModuleType, tmp_path: Path) -> None:
    assert_nothing_lost(part.tallies(Effort(tmp_path)))
