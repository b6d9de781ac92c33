"""Tables that derive from the registry are in the pages as the code prints them."""

from __future__ import annotations

import pytest

from package.docs_tables import COMMAND, TABLES, with_table, written

from .pages import page


@pytest.mark.parametrize("name", TABLES)
def test_the_page_has_the_tables_that_the_code_prints(name: str) -> None:
    is_as_printed = page(name).text == written(name)
    assert is_as_printed, f"the tables of {name} are not those of the registry: `{COMMAND}` writes them"


def test_only_the_table_with_the_same_first_line_is_replaced() -> None:
    text = "a\n\n| x |\n|---|\n| old |\n\nb\n\n| y |\n|---|\n| 1 |\n\nc\n"
    assert with_table(text, "| x |\n|---|\n| new |\n| 2 |") == text.replace("| old |", "| new |\n| 2 |")
    with pytest.raises(ValueError, match=r"\| z \|"):
        with_table(text, "| z |\n|---|")
