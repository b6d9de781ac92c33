"""What the page for Python programs shows runs, in its order, as one program."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import Any

import pytest

import vt_connectors
from tests.python_api.type_checker import mypy_says
from tests.vtaction_process import EVERY_LICENCE
from vt_connectors.sandbox import SandboxServer

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "python.md"
TEXT = PAGE.read_text("utf-8")
# The line before each block's first, and the block.
BLOCKS = [
    (TEXT.count("\n", 0, found.start(1)), found.group(1))
    for found in re.finditer(r"```python\n(.*?)```", TEXT, re.DOTALL)
]


def test_the_pages_program_runs(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VT_API_URL", sandbox.url)
    monkeypatch.setenv("VT_API_KEY", EVERY_LICENCE)
    monkeypatch.setenv("VT_QUOTA", "1000/minute")
    namespace: dict[str, Any] = {}
    for line, block in BLOCKS:
        try:
            # The lines before it are there so that a failure names the page's own.
            exec(compile("\n" * line + block, str(PAGE), "exec"), namespace)
        except Exception:
            pytest.fail(f"{PAGE.name}:{line}\n{traceback.format_exc()}")
    namespace["vt"].close()
    said = capsys.readouterr().out
    assert said.startswith("malicious\n")
    assert "not a hash failed: invalid_indicator\n" in said
    assert said.count("never_query\n") == 1


def test_it_shows_every_method() -> None:
    methods = [name for name in dir(vt_connectors.VirusTotal) if not name.startswith("_")]
    assert [name for name in methods if name not in TEXT] == []


def test_the_pages_program_is_well_typed(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    assert mypy_says("".join(block for _, block in BLOCKS), tmp_path) == []


def test_where_it_leads_there_is_something() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (PAGE.parent / target).exists(), target
