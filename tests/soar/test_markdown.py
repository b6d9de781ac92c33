"""Texts from outside in Markdown for people."""

from __future__ import annotations

import pytest

from vt_connectors.adapters.soar.markdown import escaped, table


@pytest.mark.parametrize("in_table", [False, True])
def test_a_file_name_is_shown_in_its_order_and_controls_nothing(in_table: bool) -> None:
    shown = escaped("invoice\u202efdp.exe \x1b[31m\u2066\x9b", in_table=in_table)
    assert shown == "invoice?fdp.exe ?\\[31m??"
    assert escaped("Größe 大 🙂", in_table=in_table) == "Größe 大 🙂"


def test_a_text_is_one_cell_of_a_table_and_no_link_picture_or_element() -> None:
    lines = table([("Names", "a | b\n| ![x](http://e.example) <img> `c`")]).splitlines()
    assert lines[2:] == ["| Names | a \\| b \\| \\!\\[x\\]\\(http://e.example\\) \\<img\\> \\`c\\` |"]
