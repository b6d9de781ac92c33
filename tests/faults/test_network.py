"""What comes over the network, at the length of a test."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from bench.soak import network
from bench.soak.drill import Effort, assert_nothing_lost
from bench.soak.network_harness import own_environment


@pytest.mark.parametrize("part", network.PARTS, ids=lambda part: part.__name__.rpartition("_")[2])
def test_nothing_is_lost_to_the_network(part: ModuleType, tmp_path: Path) -> None:
    with own_environment():
        assert_nothing_lost(part.tallies(Effort(tmp_path)))
