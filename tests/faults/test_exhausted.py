"""The quota is used up: `bench.soak.exhausted` in brief."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import exhausted
from bench.soak.drill import Effort, assert_nothing_lost

pytestmark = pytest.mark.once


@pytest.mark.timeout(600)
def test_without_quota_all_are_answered_nothing_is_sent_and_queued_answers_are_in_the_queue(tmp_path: Path) -> None:
    assert_nothing_lost(exhausted.tallies(Effort(tmp_path)))
