"""Processes die, and nothing is lost by it: `bench.soak.kills` in brief."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import kills
from bench.soak.drill import Effort, assert_nothing_lost

pytestmark = pytest.mark.once


@pytest.mark.timeout(600)
def test_kill_9_exceeds_no_quota_damages_no_row_and_blocks_no_process(tmp_path: Path) -> None:
    assert_nothing_lost(kills.tallies(Effort(tmp_path)))
