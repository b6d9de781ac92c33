"""The app, built once for all workers."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "splunk_app/bin"))

from package.spl.archive import unpack
from package.spl.build_spl import build
from package.spl.interpreters import find_any_python, find_python

SPLUNKS_PYTHONS = ("3.9", "3.13")


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first worker which needs it fills by `make`. No test may change it."""
    root = factory.getbasetemp()
    # A worker's own folder is in the one of all workers.
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder, made = root / name, root / f"{name}-is-made"
    with (root / f"{name}-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            made.touch()
    return folder


@pytest.fixture(scope="session")
def spl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The .spl file of the working tree."""
    [built] = made_once(tmp_path_factory, "dist", build).iterdir()
    return built


@pytest.fixture(scope="session")
def app(spl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's folder after installation."""
    return made_once(tmp_path_factory, "apps", lambda folder: unpack(spl, folder)) / "vtlookup"


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
