"""The table of relationships has the names that the errors use."""

from __future__ import annotations

from vt_connectors.adapters.cli.describe import relationships_table
from vt_connectors.virustotal.relationship_names import NAMES, licence_of


def test_the_table_has_each_name_once_with_the_licence_that_an_error_names() -> None:
    lines = relationships_table().split("\n")
    header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert header == ["relationship", "file", "URL", "domain", "IP address"]
    found = {row[0].strip("`"): row[1:] for row in rows}
    assert len(found) == len(rows)
    assert set(found) == {name for names in NAMES.values() for name in names}
    for name, cells in found.items():
        for kind, cell in zip(NAMES, cells):
            assert cell == (licence_of(kind, name) if name in NAMES[kind] else "")
