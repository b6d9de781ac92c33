"""What is guaranteed to a client is there for it: `bench.soak.guarantees` in brief."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import guarantees
from bench.soak.drill import Effort, assert_nothing_lost

pytestmark = pytest.mark.once


@pytest.mark.timeout(600)
def test_clients_get_their_shares_beside_a_flood_and_kill_9_and_the_day_is_not_exceeded(tmp_path: Path) -> None:
    assert_nothing_lost(guarantees.tallies(Effort(tmp_path)))
