"""Everyone gets a share of the quota: `tests.faults.shares` in brief."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import shares
from tests.faults.drill import Effort, assert_nothing_lost

pytestmark = pytest.mark.once


@pytest.mark.timeout(600)
def test_clients_get_their_turn_beside_a_flood_and_stopped_processes_exceed_no_quota(tmp_path: Path) -> None:
    assert_nothing_lost(shares.tallies(Effort(tmp_path)))
