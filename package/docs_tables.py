"""`make tables` writes the tables that derive from the registry into the pages of the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Callable

from vt_connectors.adapters.cli.describe import errors_table, licences_table, markdown_table, relationships_table

PROJECT = Path(__file__).resolve().parents[1]
COMMAND = "make tables"
TABLES: Mapping[str, tuple[Callable[[], str], ...]] = {
    "docs/errors.md": (errors_table,),
    "docs/relationships.md": (relationships_table, licences_table),
    "docs/runner.md": (markdown_table,),
}


def with_table(text: str, table: str) -> str:
    """The text of a page with `table` instead of the table that has the same first line."""
    head = table.partition("\n")[0]
    before, found, rest = text.partition(f"\n{head}\n")
    if not found:
        raise ValueError(f"the page has no table that begins with {head}")
    return f"{before}\n{table}\n\n{rest.partition(chr(10) * 2)[2]}"


def written(page: str) -> str:
    """The page with its tables as they are to be."""
    text = (PROJECT / page).read_text("utf-8")
    for table in TABLES[page]:
        text = with_table(text, table())
    return text


def main() -> None:
    for page in TABLES:
        (PROJECT / page).write_text(written(page), "utf-8")


if __name__ == "__main__":
    main()
