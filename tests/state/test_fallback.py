"""A shared part and its stand-in."""

from __future__ import annotations

import pytest

from tests.fake_clock import FakeClock
from vt_connectors.state.fallback import Fallback, StateUnavailable


class _Part:
    def __init__(self, name: str) -> None:
        self.name = name
        self.works = True
        self.tries = 0

    def do(self) -> str:
        self.tries += 1
        if not self.works:
            raise StateUnavailable(f"{self.name} is broken")
        return self.name


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_a_broken_part_is_left_alone_for_half_a_minute(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    shared, local = _Part("shared"), _Part("local")
    fallback = Fallback(shared, local, clock, "alone")
    assert fallback.use(_Part.do) == "shared"
    shared.works = False
    assert [fallback.use(_Part.do) for _ in range(5)] == ["local"] * 5
    assert (shared.tries, fallback.is_shared) == (2, False)
    clock.advance(31)
    assert fallback.use(_Part.do) == "local"
    assert shared.tries == 3
    clock.advance(31)
    shared.works = True
    assert fallback.use(_Part.do) == "shared"
    assert fallback.is_shared
    assert [record.getMessage() for record in caplog.records] == ["shared is broken: alone"]


def test_other_errors_are_not_hidden(clock: FakeClock) -> None:
    def fails(part: _Part) -> None:
        raise KeyError(part.name)

    with pytest.raises(KeyError):
        Fallback(_Part("shared"), _Part("local"), clock, "alone").use(fails)
