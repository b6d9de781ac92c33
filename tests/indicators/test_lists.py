"""Several values in one field of a table."""

from __future__ import annotations

import pytest

from vt_connectors.errors import InvalidIndicator
from vt_connectors.indicators import Kind, parse_as, recognise, values_in
from vt_connectors.indicators.lists import MOST_CHARACTERS

_A, _B = "44d88612fea8a8f36de82e1278abb02f", "3395856ce81f2b7382dee72602f798b642f14140"

_LISTS: list[tuple[Kind | None, str, list[str]]] = [
    ("ip", "8.8.8.8,1.1.1.1", ["8.8.8.8", "1.1.1.1"]),
    ("ip", "8.8.8.8, 1.1.1.1,", ["8.8.8.8", "1.1.1.1"]),
    ("ip", "8.8.8.8;1.1.1.1", ["8.8.8.8", "1.1.1.1"]),
    ("ip", "8.8.8.8 | 1.1.1.1", ["8.8.8.8", "1.1.1.1"]),
    ("ip", "8.8.8.8 1.1.1.1", ["8.8.8.8", "1.1.1.1"]),
    ("ip", "8.8.8.8\n1.1.1.1", ["8.8.8.8", "1.1.1.1"]),
    ("ip", "10.0.0.1, unknown, 8.8.8.8", ["10.0.0.1", "unknown", "8.8.8.8"]),
    ("ip", "['8.8.8.8', '1.1.1.1']", ["8.8.8.8", "1.1.1.1"]),
    ("ip", "[2603:1036::1]:443,8.8.8.8:53", ["[2603:1036::1]:443", "8.8.8.8:53"]),
    ("hash", f"{_A},{_B}", [_A, _B]),
    ("domain", "a.example;b.example", ["a.example", "b.example"]),
    (None, f"8.8.8.8, evil.example, {_A}", ["8.8.8.8", "evil.example", _A]),
    ("url", "http://a.example/x,http://b.example/y", ["http://a.example/x", "http://b.example/y"]),
    ("url", "http://a.example/x hxxps://b.example/y", ["http://a.example/x", "hxxps://b.example/y"]),
    ("url", "http://a.example/?x=1, http://b.example/", ["http://a.example/?x=1", "http://b.example/"]),
]


@pytest.mark.parametrize(("kind", "text", "values"), _LISTS)
def test_a_list_is_split_into_its_values(kind: Kind | None, text: str, values: list[str]) -> None:
    assert values_in(kind, text) == values


@pytest.mark.parametrize(("kind", "text", "values"), _LISTS)
def test_a_request_for_one_refuses_a_list_and_says_what_to_do(kind: Kind | None, text: str, values: list[str]) -> None:
    with pytest.raises(InvalidIndicator, match=f"list of {len(values)} values; send each"):
        recognise(text) if kind is None else parse_as(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ip", "8.8.8.8"),
        (None, "a login from 8.8.8.8 was refused"),
        ("ip", "8.8.8.8 was refused"),
        ("domain", "not, one, of, these"),
        ("url", "http://a.example/x,y;z|1"),
        ("url", "http://a.example/?u=1,http://b.example/"),
        ("url", "http://a.example/a b"),
        ("ip", "8.8.8.8," * MOST_CHARACTERS),
        ("ip", ""),
        ("ip", " , "),
    ],
)
def test_anything_else_is_one_value(kind: Kind | None, text: str) -> None:
    assert values_in(kind, text) == [text]
