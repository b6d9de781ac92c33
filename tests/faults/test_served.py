"""The server under mixed load: `bench.soak.served` in brief."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import served
from bench.soak.drill import Effort, assert_nothing_lost

pytestmark = pytest.mark.once


def test_every_call_of_a_mixed_load_is_answered_rightly(tmp_path: Path) -> None:
    assert_nothing_lost(served.tallies(Effort(tmp_path)))
