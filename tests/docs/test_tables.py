"""Tables are whole; those that derive from the registry are in the pages as the code prints them."""

from __future__ import annotations

import re

import pytest

from package.docs_tables import COMMAND, TABLES, with_table, written

from .pages import Page, all_pages, page


@pytest.mark.parametrize("name", TABLES)
def test_the_page_has_the_tables_that_the_code_prints(name: str) -> None:
    is_as_printed = page(name).text == written(name)
    assert is_as_printed, f"the tables of {name} are not those of the registry: `{COMMAND}` writes them"


def test_only_the_table_with_the_same_first_line_is_replaced() -> None:
    text = "a\n\n| x |\n|---|\n| old |\n\nb\n\n| y |\n|---|\n| 1 |\n\nc\n"
    assert with_table(text, "| x |\n|---|\n| new |\n| 2 |") == text.replace("| old |", "| new |\n| 2 |")
    with pytest.raises(ValueError, match=r"\| z \|"):
        with_table(text, "| z |\n|---|")


def _wrong_rows(page: Page) -> list[str]:
    """The rows with another number of cells than their header. A `|` in code parts cells too, unless it is escaped."""
    wrong = []
    for (_, header), *rows in page.tables:
        if not rows or not re.fullmatch(r"\|(\s*:?-+:?\s*\|)+", rows[0][1]):
            wrong.append(f"{page.name}: no line of dashes below {header}")
        cells = _cells(header)
        wrong += [f"{page.name}:{number}: {row}" for number, row in rows if _cells(row) != cells]
    return wrong


def _cells(row: str) -> int | None:
    """None if the row does not end with a `|`."""
    bars = re.findall(r"(?<!\\)\|", row)
    return len(bars) - 1 if row.endswith("|") and not row.endswith("\\|") else None


@pytest.mark.parametrize("found", all_pages(), ids=lambda found: found.name)
def test_every_row_has_as_many_cells_as_its_header(found: Page) -> None:
    assert _wrong_rows(found) == []


@pytest.mark.parametrize(
    ("table", "is_whole"),
    [
        ("| a | b |\n|---|---|\n| `x \\| y` | 2 |", True),
        ("text\n\n   | a |\n   |---|\n   | 1 |", True),
        ("| a | b |\n|---|---|\n| pending |", False),
        ("| a | b |\n|---|---|\n| 1 | 2 | 3 |", False),
        ("| a | b |\n|---|---|\n| `x | y` | 2 |", False),
        ("| a | b |\n|---|---|\n| 1 | 2", False),
        ("| a | b |\n| 1 | 2 |", False),
        ("```\n| a | b |\n| 1 |\n```", True),
    ],
)
def test_a_row_that_is_not_whole_is_found(table: str, is_whole: bool) -> None:
    assert (_wrong_rows(Page("page.md", table)) == []) is is_whole
