"""Files break, and lookups go on: `bench.soak.store` in brief."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import store
from bench.soak.drill import Effort, assert_nothing_lost

pytestmark = pytest.mark.once


@pytest.mark.timeout(600)
def test_however_the_states_files_break_lookups_are_answered_rightly_and_within_the_quota(tmp_path: Path) -> None:
    assert_nothing_lost(store.tallies(Effort(tmp_path)))
