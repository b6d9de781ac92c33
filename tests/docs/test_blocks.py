"""Every block of README.md and docs/ runs, parses, and shows what really comes."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.forked_command import forked_command
from tests.forked_process import of_python
from tests.vtaction_process import clean_environment
from vt_connectors.actions import ACTIONS
from vt_connectors.config.settings import Settings
from vt_connectors.contract.validation import schema
from vt_connectors.sandbox import Quota, SandboxServer

from .no_run import NO_RUN
from .pages import PROJECT, Block, Page, pages
from .shown import difference, documents, text_difference, without_dots

PAGES = pages()
LANGUAGES = {"sh", "json", "python", "text", "spl", "yaml"}
# Pages whose Python is run as one program by a test of their own.
PYTHON_RUNS_IN = {"docs/python.md": "tests/docs/test_python_page.py"}
# Pages whose programs need a server, which a test of their own starts.
PROGRAMS_RUN_IN = {
    "docs/serve.md": "tests/docs/test_serve_page.py",
    "docs/platforms/recipes.md": "tests/docs/test_serve_page.py",
}
# Of the sandbox on the pages.
_PORT = "8098"
# A program in the background, and what sends a signal.
_IS_ENDED = re.compile(r"&$|\b(?:kill|timeout)\b", re.MULTILINE)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


class Shell:
    """A reader's shell: a home of its own, `vtaction` on the PATH, and the sandbox where VirusTotal would be.

    `forked` is the command that the script `vtaction` runs, unless a block sends it signals or lets it go on.
    """

    def __init__(self, folder: Path, url: str, forked: str) -> None:
        self._port = _free_port()
        self.folder = folder / "work"
        home, programs, self._started = folder / "home", folder / "bin", folder / "started"
        for made in (self.folder, home, programs, self._started):
            made.mkdir()
        _script(programs / "vtaction", forked)
        _script(self._started / "vtaction", f'"{sys.executable}" -m vt_connectors')
        _script(programs / "python3", f'"{sys.executable}"')
        self.environment = {
            **of_python(clean_environment()),
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "VT_API_URL": url,
            "VT_API_KEY": "sandbox",
            "VT_STATE": str(home / "state.db"),
            "VT_QUOTA": "none",
        }

    def run(self, block: Block) -> str:
        """What the block prints, as if it had asked VirusTotal. It ends at its first line that fails: a failure."""
        text = block.text.replace(_PORT, self._port)
        command = ["sh", "-e", "-c", text]
        if block.language == "python":
            command = [sys.executable, "-c", text]
        environment = dict(self.environment)
        if _IS_ENDED.search(text):
            environment["PATH"] = f"{self._started}{os.pathsep}{environment['PATH']}"
        done = subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False, timeout=100
        )
        assert done.returncode == 0, f"{block.place}: exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout.replace(self.environment["VT_API_URL"], Settings().api_url).replace(self._port, _PORT)


def _free_port() -> str:
    """The pages name a port, which another program may have."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return str(listening.getsockname()[1])


def _script(path: Path, command: str) -> None:
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n', "utf-8")
    path.chmod(0o755)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with SandboxServer(Quota.unlimited()) as server, forked_command() as vtaction:
        yield Shell(tmp_path, server.url, vtaction)


@each_page
def test_the_blocks_of_a_page_run_in_their_order(page: Page, shell: Shell) -> None:
    if page.name in PROGRAMS_RUN_IN:
        return
    for block in page.blocks:
        is_program = block.language == "sh" or (block.language == "python" and page.name not in PYTHON_RUNS_IN)
        if not is_program or "no-run" in block.flags:
            continue
        came = shell.run(block)
        if block.shown is not None:
            assert _not_as_shown(block.shown, came) is None, f"{block.place}: {_not_as_shown(block.shown, came)}"


def _not_as_shown(shown: Block, came: str) -> str | None:
    if shown.language == "text":
        return text_difference(shown.text, came)
    answers = documents(came)
    for answer in answers:
        if "status" in answer and "action" in answer:
            jsonschema.validate(answer, schema("response.json"))
    return difference(documents(shown.text), answers)


@each_page
def test_json_is_json_and_what_it_claims_to_be(page: Page) -> None:
    for block in page.of("json"):
        for document in documents(block.text):
            assert _wrong(document) is None, f"{block.place}: {_wrong(document)}"


def _wrong(document: Any) -> str | None:
    """A request, an answer and a configuration file are held to their schemas, shortened ones as far as they go."""
    if not isinstance(document, dict):
        return None
    try:
        if "status" in document and "summary" in document:
            jsonschema.validate(without_dots(document), _shortened(schema("response.json")))
        elif "params" in document and "action" in document:
            jsonschema.validate(document, schema("request.json"))
            ACTIONS[document["action"]].check(document["params"])
        elif document and set(document) <= set(schema("settings.json")["properties"]):
            jsonschema.validate(document, schema("settings.json"))
    except jsonschema.ValidationError as error:
        return str(error.message)
    return None


def _shortened(rules: Any) -> Any:
    """The schema of a document of which parts may be left out."""
    if isinstance(rules, dict):
        return {name: _shortened(value) for name, value in rules.items() if name != "required"}
    return [_shortened(value) for value in rules] if isinstance(rules, list) else rules


def test_every_block_says_what_it_is() -> None:
    unknown = [block.place for page in PAGES for block in page.blocks if block.language not in LANGUAGES]
    assert unknown == []
    assert [page.name for page in PAGES if page.text.count("```") != 2 * len(page.blocks)] == []


def test_what_is_not_run_is_on_the_list_with_its_reason_and_little() -> None:
    programs = [block for page in PAGES for block in page.blocks if block.language in ("sh", "python")]
    marked = [block for block in programs if "no-run" in block.flags]
    listed = [max(_entries(block), key=_length, default=None) for block in marked]
    assert [block.place for block, entry in zip(marked, listed) if entry is None] == []
    assert {entry for entry in listed if entry is not None} == set(NO_RUN)
    assert all(NO_RUN.values())
    assert len(marked) <= len(programs) / 4


def _length(entry: tuple[str, str]) -> int:
    return len(entry[1])


def _entries(block: Block) -> list[tuple[str, str]]:
    return [(page, begins) for page, begins in NO_RUN if page == block.page and block.first_line.startswith(begins)]


def test_pages_whose_programs_run_elsewhere_have_that_test() -> None:
    for test in (*PYTHON_RUNS_IN.values(), *PROGRAMS_RUN_IN.values()):
        assert (PROJECT / test).is_file()
