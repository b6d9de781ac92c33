"""Sheets on terminals of any width: nothing is lost, and nothing that people copy is broken."""

from __future__ import annotations

import string
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from vt_connectors.actions import ACTIONS
from vt_connectors.adapters.cli.output.layout import lines_of
from vt_connectors.adapters.cli.output.sheet import Sheet, cell
from vt_connectors.adapters.cli.output.text_formats import as_csv, as_markdown
from vt_connectors.adapters.cli.output.verdict_sheet import verdict_sheet
from vt_connectors.errors import BY_CODE

SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
_WORDS = st.lists(st.text(string.ascii_letters + string.digits, min_size=1, max_size=70), min_size=1, max_size=6)
_ROWS = st.lists(st.tuples(*[_WORDS.map(" ".join)] * 4), min_size=1, max_size=4)


def printed(rows: list[tuple[str, ...]], width: int, columns: tuple[str, ...] = ("a", "b", "c", "d")) -> list[str]:
    sheet = Sheet(columns, [tuple(map(cell, row)) for row in rows])
    return [line.plain for line in lines_of(sheet, width)]


@given(_ROWS, st.integers(20, 250))
def test_every_word_is_there_unbroken(rows: list[tuple[str, ...]], width: int) -> None:
    shown = " ".join(printed(rows, width)).split()
    for row in rows:
        for text in row:
            for word in text.split():
                assert word in shown


@given(_ROWS, st.integers(20, 250))
def test_a_line_is_longer_than_the_terminal_only_for_a_word_that_is(rows: list[tuple[str, ...]], width: int) -> None:
    longest = max(len(word) for row in rows for text in row for word in text.split())
    for line in printed(rows, width):
        assert len(line) <= max(width, longest + 2)


def test_a_hash_and_a_date_are_whole_on_80_columns() -> None:
    row = (SHA256, "malicious", "62/68", "2025-06-04T22:12:46Z")
    lines = printed([row], 80, ("indicator", "verdict", "engines", "last analysis"))
    assert lines == [
        "indicator",
        "  verdict    engines  last analysis",
        SHA256,
        "  malicious  62/68    2025-06-04 22:12",
    ]


def test_a_wide_column_that_is_not_the_first_is_below_what_it_belongs_to() -> None:
    assert printed([("dns", f"{SHA256} {SHA256}")], 60, ("activity", "values")) == [
        "activity",
        "  values",
        "dns",
        f"  {SHA256}",
        f"  {SHA256}",
    ]


def test_columns_without_a_value_are_left_out() -> None:
    assert printed([("x", "", "y", "")], 80) == ["a  c", "x  y"]


def test_what_comes_from_outside_does_not_control_the_terminal() -> None:
    assert "\x1b" not in "".join(printed([("a\x1b[2Jb", "c\u202ed", "e\nf", "g\x9b1m")], 80))


def test_a_csv_cell_never_begins_a_formula() -> None:
    values = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", " =1", "\uff1d1", "-23", "1.5", "plain")
    sheet = Sheet(("v",), [(cell(value),) for value in values])
    lines = as_csv([sheet]).splitlines()[1:]
    assert lines[:4] == ["'=1+1", "'+1+1", "'-1+1", "'@SUM(A1)"]
    assert lines[5:] == ["' =1", "'\uff1d1", "-23", "1.5", "plain"]
    assert not lines[4].startswith(("=", "\t"))


def test_markdown_shows_text_as_it_is_and_makes_no_link() -> None:
    values = (
        "a|b",
        "<script>",
        "a [x](http://evil.example) b",
        "see http://evil.example/ now",
        "http://evil.example/a|b",
    )
    text = as_markdown([Sheet(("v",), [(cell(value),) for value in values])])
    assert r"| a\|b |" in text
    assert r"\<script\>" in text
    assert r"| `http://evil.example/a\|b` |" in text
    assert "](http:" not in text
    assert "see http://" not in text


def test_on_80_columns_the_verdict_stays_in_the_row_whatever_it_is() -> None:
    codes = ["malicious", *BY_CODE]
    responses = [
        {
            "id": "8.8.8.8",
            "status": "error" if code in BY_CODE else "ok",
            "summary": "",
            "data": None if code in BY_CODE else {"verdict": code, "indicator": "8.8.8.8", "owner": "Prairie Telecom"},
            "error": {"code": code} if code in BY_CODE else None,
            "meta": {"source": "api", "age_s": 0},
        }
        for code in codes
    ]
    lines = [line.plain for line in lines_of(verdict_sheet(ACTIONS["lookup"], cast("Any", responses)), 60)]
    for code in codes:
        assert not any(line.strip() == code for line in lines)
    assert any(line.startswith("8.8.8.8") and "invalid_indicator" in line for line in lines)
