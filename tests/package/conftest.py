"""The app, built once for all tests of the package."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "splunk_app/bin"))

from package.spl.build_spl import build
from package.spl.interpreters import find_any_python, find_python
from tests.package.unpack import unpack

SPLUNKS_PYTHONS = ("3.9", "3.13")


@pytest.fixture(scope="session")
def spl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The .spl file of the working tree."""
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def app(spl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's folder after installation."""
    folder = tmp_path_factory.mktemp("apps")
    unpack(spl, folder)
    return folder / "vtlookup"


def splunks_python(version: str) -> str:
    """The interpreter of `version`. Without any that Splunk brings, the one at hand stands in for the first of them."""
    found = find_python(version)
    if found is None and version == SPLUNKS_PYTHONS[0] and find_any_python(SPLUNKS_PYTHONS) is None:
        found = sys.executable
    if found is None:
        pytest.skip(f"no Python {version} on the PATH or in pyenv")
    return found


@pytest.fixture(params=SPLUNKS_PYTHONS)
def python(request: pytest.FixtureRequest) -> str:
    """An interpreter of each of Splunk's versions of Python."""
    return splunks_python(request.param)
