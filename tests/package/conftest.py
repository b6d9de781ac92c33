"""The app, built once for all tests of the package."""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "splunk_app/bin"))

from package.spl.build_spl import build
from package.spl.interpreters import find_python


@pytest.fixture(scope="session")
def spl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The .spl file of the working tree."""
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def app(spl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's folder after installation."""
    folder = tmp_path_factory.mktemp("apps")
    with tarfile.open(spl) as archive:
        archive.extractall(folder)
    return folder / "vtlookup"


@pytest.fixture(params=["3.9", "3.13"])
def python(request: pytest.FixtureRequest) -> str:
    """An interpreter of each of Splunk's versions of Python."""
    found = find_python(request.param)
    if found is None:
        pytest.skip(f"no Python {request.param} on the PATH or in pyenv")
    return found
