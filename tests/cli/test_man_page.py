"""The man page: complete, and without a complaint from the program that formats it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.vtaction_process import RunnerProcess
from vt_connectors.adapters.cli.arguments import make_parser
from vt_connectors.adapters.cli.completion.model import places
from vt_connectors.adapters.cli.man_page import man_page

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def formatted() -> str:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    command = ["groff", "-man", "-Tascii", "-ww", "-P-cbou", "-rLL=200n"]
    done = subprocess.run(command, input=man_page(make_parser()), capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_it_has_every_command_and_option(formatted: str) -> None:
    for place in places(make_parser()):
        # `curl` has the same options as the actions that it takes.
        for option in () if place.path.startswith("/curl/") else place.options:
            assert all(flag in formatted for flag in option.flags if flag != "--version")
        assert all(name in formatted for name, _ in place.commands)


def test_it_says_where_the_files_are_and_what_the_exit_status_means(formatted: str) -> None:
    for word in ("EXIT STATUS", "75", "config.json", "VT_PROFILE", "NO_COLOR", "(default: 20)"):
        assert word in formatted


def test_the_command_prints_it(run: RunnerProcess) -> None:
    assert run.text("help", "--man").stdout == man_page(make_parser())
