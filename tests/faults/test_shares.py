"""Everyone gets a share of the quota: `bench.soak.shares` in brief."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import shares
from bench.soak.drill import Effort, assert_nothing_lost

pytestmark = pytest.mark.once


@pytest.mark.timeout(600)
def test_clients_get_their_turn_beside_a_flood_and_stopped_processes_exceed_no_quota(tmp_path: Path) -> None:
    assert_nothing_lost(shares.tallies(Effort(tmp_path)))
