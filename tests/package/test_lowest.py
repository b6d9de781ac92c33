"""The lowest releases come from setup.py, and from nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from package.lowest import SETUP, lowest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("python", ["3.9", "3.10", "3.13"])
def test_every_requirement_has_a_lowest_release(python: str) -> None:
    named = set(re.findall(r'"([a-z][\w-]*)>=', SETUP.read_text("utf-8")))
    # Its SDK needs Python 3.10.
    left_out = {"mcp"} if python == "3.9" else set()
    assert set(lowest(python)) == named - left_out
    assert {"requests", "urllib3", "redis", "splunk-sdk"} <= named


def test_it_is_the_one_for_that_python(tmp_path: Path) -> None:
    setup = tmp_path / "setup.py"
    setup.write_text(
        "setup(install_requires=[\"a>=2,<3; python_version >= '3.10'\", \"a>=1.5; python_version < '3.10'\", 'b>=4.0'],"
        "extras_require={'more': ['c-d<9,>=7']})"
    )
    assert lowest("3.9", setup) == {"a": "1.5", "b": "4.0", "c-d": "7"}
    assert lowest("3.10", setup) == lowest("3.13", setup) == {"a": "2", "b": "4.0", "c-d": "7"}


@pytest.mark.parametrize("requirement", ["a", "a<3", "a>=1; sys_platform == 'linux'", "a @ https://a.example/a.whl"])
def test_a_requirement_without_one_is_an_error(requirement: str, tmp_path: Path) -> None:
    setup = tmp_path / "setup.py"
    setup.write_text(f"setup(install_requires=[{requirement!r}])")
    with pytest.raises(ValueError, match="lowest release"):
        lowest("3.13", setup)


def test_continuous_integration_tests_with_them() -> None:
    assert "package.lowest" in (PROJECT / ".ci/run").read_text("utf-8")
