"""What the README shows runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.errors import BY_CODE
from connectors.settings import VARIABLES
from connectors.version import __version__
from tests.vtaction_process import RunnerProcess

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text("utf-8")
LINES = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if "vtaction" in line
]


@pytest.fixture
def shell(run: RunnerProcess, tmp_path: Path) -> dict[str, str]:
    """An environment in which `vtaction` is this tree's."""
    script = tmp_path / "vtaction"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m connectors "$@"\n', "utf-8")
    script.chmod(0o755)
    return {**run.environment, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}


def test_there_are_lines_to_run() -> None:
    assert len(LINES) > 5


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_readme_runs(line: str, shell: dict[str, str]) -> None:
    done = subprocess.run(["sh", "-c", line], env=shell, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_json_example_is_json() -> None:
    [block] = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    assert json.loads(block)["status"] == "ok"


def test_every_setting_and_every_error_code_is_explained() -> None:
    for word in (*VARIABLES, *BY_CODE):
        assert f"`{word}`" in README, word


def test_every_folder_it_names_is_there() -> None:
    for folder in re.findall(r"`([a-z_/]+/)` \|", README):
        assert (PROJECT / folder).is_dir(), folder


def test_the_apps_file_is_named_by_its_version() -> None:
    assert f"dist/vtlookup-{__version__}.spl" in README
    assert f"## {__version__}" in (PROJECT / "CHANGELOG.md").read_text("utf-8")
