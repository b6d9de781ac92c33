"""The page of errors has every code, and its examples are what really comes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.vtaction_process import RunnerProcess
from vt_connectors.adapters.cli.describe import errors_table
from vt_connectors.contract.next_steps import NEXT_STEPS
from vt_connectors.errors import BY_CODE

from .error_examples import MADE
from .pages import in_code, page
from .shown import difference

PAGE = page("docs/errors.md")
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE.text, re.MULTILINE | re.DOTALL))


def test_every_code_has_a_section_a_row_and_an_example() -> None:
    worth = [row for row in PAGE.rows if in_code(row[0]) and f"](#{in_code(row[0])[0]})" in row[0]]
    rows = {in_code(row[0])[0]: row[2] for row in worth}
    assert set(SECTIONS) == set(rows) == set(MADE) == set(BY_CODE)
    assert {code: told == "yes" for code, told in rows.items()} == {
        code: kind.retryable for code, kind in BY_CODE.items()
    }


def test_only_the_table_says_what_to_do() -> None:
    assert all(f"\n| `{code}` |" in errors_table() for code in SECTIONS)
    prose = {code: " ".join(re.sub(r"```.*?```", "", text, flags=re.DOTALL).split()) for code, text in SECTIONS.items()}
    repeated = [
        (code, step.text)
        for code, text in prose.items()
        for step in NEXT_STEPS[code]
        if "Do: " in text or step.text.rstrip(".") in text
    ]
    assert repeated == []


@pytest.mark.parametrize("code", SECTIONS)
def test_an_example_is_what_comes(code: str, run: RunnerProcess, tmp_path: Path) -> None:
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", SECTIONS[code], re.DOTALL)]
    came = MADE[code](run, tmp_path)
    assert all({"code", "message", "retryable"} <= set(example) for example in shown)
    assert difference(shown, came, code) is None
