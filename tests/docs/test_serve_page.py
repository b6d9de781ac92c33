"""The programs of docs/serve.md and of the recipes, in front of a server that is started as the page says."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.forked_command import forked_command
from tests.http.served_process import ServedProcess, started
from tests.http.serving import serving
from tests.vtaction_process import RunnerProcess
from vt_connectors.adapters import http
from vt_connectors.adapters.cli.arguments import parse
from vt_connectors.adapters.http.callers import RIGHTS
from vt_connectors.adapters.http.operations.readiness import REASONS
from vt_connectors.adapters.http.pass_through.v2.face import SERVED
from vt_connectors.sandbox import Quota, SandboxServer

from .pages import Block, in_code, page
from .shown import difference, documents, text_difference
from .test_blocks import Shell

PAGE = page("docs/serve.md")
_ADDRESS = "http://127.0.0.1:8300"
_CHECK = "vtaction serve --check"
HTTP = Path(http.__file__).parent
_REFUSED = re.compile(r'(?:Refused|_wrong)\(\s*([0-9]{3}), "([a-z_]+)"')


@contextlib.contextmanager
def server_of(shell: Shell, block: Block) -> Iterator[ServedProcess]:
    """The server of a block, at a free port."""
    program = RunnerProcess(shell.environment)
    command = program.command(*shlex.split(block.text)[1:], "--listen", "127.0.0.1:0")
    with started(command, program.environment, shell.folder, "") as server:
        yield server


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with SandboxServer(Quota.unlimited()) as sandbox, forked_command() as vtaction:
        shell = Shell(tmp_path, sandbox.url, vtaction)
        shell.environment["VT_QUOTA"] = "4/minute,500/day"
        yield shell


@pytest.mark.parametrize("name", ["docs/serve.md", "docs/platforms/recipes.md"])
def test_the_programs_of_the_page_run_in_their_order(shell: Shell, name: str) -> None:
    blocks = [
        block for block in page(name).blocks if block.language in ("sh", "python") and "no-run" not in block.flags
    ]
    [at] = [place for place, block in enumerate(blocks) if "server" in block.flags]
    for block in blocks[:at]:
        shell.run(block)
    with server_of(shell, blocks[at]) as server:
        if blocks[at].shown is not None:
            assert _shown(blocks[at]) == f"{_ADDRESS}\n"
        for block in blocks[at + 1 :]:
            _run(shell, block, server.address)


def _run(shell: Shell, block: Block, address: str) -> None:
    text = block.text.replace(_ADDRESS, address)
    text = text.replace(_CHECK, f"{_CHECK} --listen {address.partition('//')[2]}")
    came = shell.run(replace(block, text=text))
    if block.shown is None:
        return
    shown = block.shown.text
    is_text = block.shown.language == "text"
    wrong = text_difference(shown, came) if is_text else difference(documents(shown), documents(came))
    assert wrong is None, f"{block.place}: {wrong}\n{came}"


def _shown(block: Block) -> str:
    assert block.shown is not None
    return block.shown.text


@pytest.mark.parametrize("block", [block for block in PAGE.of("sh") if "vtaction serve" in block.text])
def test_every_command_of_the_page_has_options_that_exist(block: Block) -> None:
    for line in block.text.splitlines():
        if line.startswith("vtaction serve"):
            parse(shlex.split(line.partition(">")[0])[1:])


def test_the_page_lists_the_calls_of_api_v2_that_are_served() -> None:
    sentence = PAGE.text.partition("**API v2** serves")[2].partition(";")[0]
    assert set(in_code(sentence)) == SERVED


def test_the_page_lists_the_rights_and_the_reasons_for_not_being_ready() -> None:
    listed = {word for row in PAGE.rows for word in in_code(row[0])}
    assert set(RIGHTS) <= listed
    assert set(REASONS) <= listed


def test_the_page_has_each_metric_of_the_server(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        types = re.findall(r"^# TYPE (vtaction_\w+)", server.call("GET", "/metrics").text, re.MULTILINE)
    listed = {word for row in PAGE.rows for word in in_code(row[0])}
    # The client library adds when a histogram was made.
    assert {name for name in types if not name.endswith("_created")} <= listed


def test_the_environment_for_python_is_made_before_anything_is_installed() -> None:
    first = PAGE.of("sh")[0].text
    assert first.startswith("python3 -m venv ")
    assert "pip install" in first


def test_the_page_has_each_code_of_a_refusal() -> None:
    """Those of the pass-through are VirusTotal's."""
    texts = [path.read_text("utf-8") for path in HTTP.rglob("*.py") if "pass_through" not in path.parts]
    raised = {pair for text in texts for pair in _REFUSED.findall(text)}
    assert len(raised) > 20
    rows = [line.split("|")[1:3] for line in PAGE.text.splitlines() if line.startswith("| ") and line[2:5].isdigit()]
    for status, code in raised:
        assert any(status in statuses and f"`{code}`" in codes for statuses, codes in rows), (status, code)
