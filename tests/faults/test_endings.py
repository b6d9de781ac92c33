"""The runner ends after any failure: `bench.soak.endings` in brief."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import endings
from bench.soak.drill import Effort, assert_nothing_lost

pytestmark = pytest.mark.once


@pytest.mark.timeout(600)
def test_whatever_fails_the_runner_ends_and_answers_each_line(tmp_path: Path) -> None:
    assert_nothing_lost(endings.tallies(Effort(tmp_path)))
