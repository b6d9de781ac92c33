"""Our named tuples, which do not import `typing`, are those of `typing`."""

from __future__ import annotations

import copy
import pickle
import typing
from typing import Any, Callable, Literal

import pytest

from vt_connectors.light_typing import NamedTuple, as_in_typing
from vt_connectors.verdict import Verdict

if typing.TYPE_CHECKING:
    from typing import NamedTuple as TheirTuple
else:
    TheirTuple = typing.NamedTuple


class Ours(NamedTuple):
    """A point."""

    x: int
    y: int = 2
    name: str = "p"

    @property
    def sum(self) -> int:
        return self.x + self.y


class Frequent(NamedTuple):
    """A point."""

    x: int
    y: int = 2
    name: str = "p"

    @property
    def sum(self) -> int:
        return self.x + self.y


# So many that the class is faster from then on.
for _ in range(300):
    Frequent(1)


class Theirs(TheirTuple):
    """A point."""

    x: int
    y: int = 2
    name: str = "p"

    @property
    def sum(self) -> int:
        return self.x + self.y


def _either(use: Callable[[Any], object], kind: type) -> object:
    try:
        return use(kind)
    except Exception as error:
        return type(error)


@pytest.mark.parametrize(
    "use",
    [
        lambda kind: kind(1),
        lambda kind: kind(1, 5, "q"),
        lambda kind: kind(name="q", x=1),
        lambda kind: kind(1).sum,
        lambda kind: kind(1)[0:2],
        lambda kind: kind(1) == (1, 2, "p"),
        lambda kind: hash(kind(1)),
        lambda kind: repr(kind(1)).partition("(")[2],
        lambda kind: kind(1)._replace(y=7),
        lambda kind: kind(1)._replace(z=7),
        lambda kind: kind(1)._asdict(),
        lambda kind: kind._make([1, 2, "r"]),
        lambda kind: kind._make([1]),
        lambda kind: (kind._fields, kind._field_defaults, kind.__doc__),
        lambda kind: pickle.loads(pickle.dumps(kind(1, 3))),
        lambda kind: copy.copy(kind(1, 3)),
        lambda kind: kind(),
        lambda kind: kind(1, 2, "p", 4),
        lambda kind: kind(1, x=1),
        lambda kind: kind(1, z=1),
        lambda kind: setattr(kind(1), "x", 3),
        lambda kind: setattr(kind(1), "z", 3),
    ],
)
def test_a_named_tuple_is_used_like_those_of_typing(use: Callable[[Any], object]) -> None:
    assert _either(use, Ours) == _either(use, Theirs)
    assert _either(use, Frequent) == _either(use, Theirs)


@pytest.mark.parametrize("kind", [Ours, Frequent])
def test_a_class_that_is_derived_from_a_named_tuple_has_its_fields(kind: type[Ours]) -> None:
    class Named(kind):  # type: ignore[misc, valid-type]
        def shown(self) -> str:
            return f"{self.name} {self.x}"

    assert Named(1, name="n").shown() == "n 1"
    assert [Named(number, name="n").shown() for number in range(300)] == [f"n {number}" for number in range(300)]


def test_users_get_the_literals_of_typing() -> None:
    expected = Literal["malicious", "suspicious", "undetected", "unknown"]
    assert as_in_typing(Verdict) == expected
    assert as_in_typing(3) == 3
