"""An answer stays with its object, its server and its key: `bench.soak.owners` in brief."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import owners
from bench.soak.drill import Effort, assert_nothing_lost

pytestmark = pytest.mark.once


@pytest.mark.timeout(600)
def test_each_answer_is_about_its_object_and_from_its_server_and_for_its_key(tmp_path: Path) -> None:
    assert_nothing_lost(owners.tallies(Effort(tmp_path)))
