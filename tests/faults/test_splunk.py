"""Searches bring what they may: `bench.soak.splunk` in brief."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import splunk
from bench.soak.drill import Effort, assert_nothing_lost

pytestmark = pytest.mark.once


@pytest.mark.timeout(600)
def test_no_event_is_lost_or_changed_and_a_cancelled_search_ends(tmp_path: Path) -> None:
    assert_nothing_lost(splunk.tallies(Effort(tmp_path)))
