"""Times are written in a search as they are in settings and on a command line."""

from __future__ import annotations

import pytest

from tests.settings.test_durations import NONE, WRITTEN
from vtlookup_app.options import UsageError, duration


@pytest.mark.parametrize(("text", "expected"), [*WRITTEN, ("500ms", 0.5)])
def test_a_search_takes_the_same(text: str, expected: float) -> None:
    assert duration("wait", text) == expected


@pytest.mark.parametrize("text", NONE)
def test_a_search_refuses_the_same(text: str) -> None:
    with pytest.raises(UsageError, match=r"^wait="):
        duration("wait", text)
