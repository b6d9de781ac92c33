"""Placeholders for missing values: empty in a table, invalid in a request, and never an internal name."""

from __future__ import annotations

import pytest

from vt_connectors.errors import InvalidIndicator
from vt_connectors.indicators import Kind, has_no_value, is_placeholder, parse_as, recognise

PLACEHOLDERS = ["-", "--", "N/A", "n/a", "unknown", "Unknown", "NONE", "null", "NULL", "(null)", "<none>", '"-"', " - "]
KINDS: list[Kind] = ["hash", "url", "domain", "ip"]


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_a_placeholder_is_not_a_value(text: str) -> None:
    assert is_placeholder(text)
    assert has_no_value(text)


@pytest.mark.parametrize("text", ["", " ", "\t\n"])
def test_an_empty_cell_is_neither_a_value_nor_a_placeholder(text: str) -> None:
    assert has_no_value(text)
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    "text", ["unknown.example", "null.example", "none-such.example", "http://n/a", "(null", "null)", "x", "0", "-1"]
)
def test_a_text_similar_to_a_placeholder_is_a_value(text: str) -> None:
    assert not has_no_value(text)


@pytest.mark.parametrize("kind", [None, *KINDS])
@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_a_request_for_a_placeholder_is_invalid_for_every_action(text: str, kind: Kind | None) -> None:
    with pytest.raises(InvalidIndicator, match="is a placeholder for a missing value"):
        _ = recognise(text) if kind is None else parse_as(kind, text)
