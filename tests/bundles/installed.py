"""Referees that are installed."""

from __future__ import annotations

import pytest

from package.referees.environments import Referee
from package.referees.list import referee


def installed(name: str) -> Referee:
    """The referee; without it the test is skipped. `make referees` and `make referees-large` install them."""
    one = referee(name)
    if not one.is_installed():
        pytest.skip(f"{name} is not installed: make referees{'-large' if one.is_large else ''}")
    return one
