"""Equal requests at once are one: `bench.soak.at_once` in brief."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import at_once
from bench.soak.drill import Effort, assert_nothing_lost

pytestmark = pytest.mark.once


@pytest.mark.timeout(600)
def test_equal_requests_at_once_are_sent_once_and_all_callers_are_answered(tmp_path: Path) -> None:
    assert_nothing_lost(at_once.tallies(Effort(tmp_path)))
