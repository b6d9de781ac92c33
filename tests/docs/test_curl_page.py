"""What the page on curl shows runs, and prints what it says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.export.shell import KEY, Shell
from tests.forked_command import forked_command
from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "curl.md"
TEXT = PAGE.read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
# The line shown, and what is shown of its output.
FIRST, PRINTED = re.findall(r"```sh\n(vtaction[^\n]+)\n```\n\n```text\n(.*?)```", TEXT, re.DOTALL)[0]


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """One whose scans are over at once."""
    with SandboxServer(Quota.unlimited(), config=SandboxConfig(queued_s=0, completed_s=0)) as server:
        yield server


@pytest.fixture
def shell(sandbox: SandboxServer, tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(sandbox, tmp_path, "3")
    script = tmp_path / "bin" / "vtaction"
    with forked_command() as vtaction:
        script.write_text(f'#!/bin/sh\nexec {vtaction} "$@"\n', "utf-8")
        script.chmod(0o755)
        yield shell


def _run(shell: Shell, lines: str, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {**shell.vtaction.environment, **changes}
    return subprocess.run(
        ["sh", "-e", "-c", lines], cwd=shell.folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_of_the_page_runs(shell: Shell, number: int) -> None:
    done = _run(shell, BLOCKS[number])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    assert '"error"' not in done.stdout
    assert KEY not in done.stdout


def test_the_page_shows_what_is_printed(shell: Shell) -> None:
    assert _run(shell, FIRST, VT_API_URL="").stdout == PRINTED
