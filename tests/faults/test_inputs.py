"""What may come in, at the length of a test."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from bench.soak import inputs, inputs_guided
from bench.soak.drill import Effort, assert_nothing_lost
from bench.soak.inputs_harness import logged
from bench.soak.network_harness import own_environment


@pytest.mark.parametrize("part", inputs.PARTS, ids=lambda part: part.__name__.rpartition("_")[2])
def test_nothing_is_lost_to_what_comes_in(part: ModuleType, tmp_path: Path) -> None:
    effort = Effort(tmp_path)
    with own_environment(), logged(effort):
        assert_nothing_lost(part.tallies(effort))


def test_nothing_is_lost_to_what_a_fuzzer_finds(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    assert_nothing_lost(inputs_guided.tallies(Effort(tmp_path)))
