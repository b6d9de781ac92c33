"""The account's figures: `bench.soak.account` in brief."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from bench.soak import account
from bench.soak.drill import Effort, assert_nothing_lost

pytestmark = pytest.mark.once


@pytest.mark.parametrize("part", account.PARTS, ids=lambda part: part.__name__.rpartition("_")[2])
def test_nothing_is_lost_by_what_an_account_tells(part: ModuleType, tmp_path: Path) -> None:
    assert_nothing_lost(part.tallies(Effort(tmp_path)))
