"""The installed search command, and a VirusTotal for it to ask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from package.spl.archive import unpack
from tests.package.conftest import SPLUNKS_PYTHONS, made_once, splunks_python
from tests.package.conftest import spl as spl
from vt_connectors.sandbox import SandboxServer

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "splunk_app/bin"))

from package.spl.interpreters import find_any_python, find_python

from .endpoint_harness import splunkd_of_analyst
from .fake_kvstore import FakeKvStore
from .fake_splunkd import FakeSplunkd
from .forked_app import ForkedApp
from .searching import Lookup, splunks_home


@pytest.fixture(scope="session")
def app(spl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's folder after installation, compiled for every interpreter that runs it."""

    def install(folder: Path) -> None:
        unpack(spl, folder)
        found = [python for python in map(find_python, SPLUNKS_PYTHONS) if python is not None]
        for python in found or [sys.executable]:
            # What is for another version may be in its syntax.
            subprocess.run([python, "-m", "compileall", "-q", str(folder)], check=False, capture_output=True)

    return made_once(tmp_path_factory, "installed-apps", install) / "vtlookup"


@pytest.fixture
def own_app(app: Path, tmp_path: Path) -> Path:
    """A copy for a test that changes the app's settings. Other workers use the installed one at the same time."""
    return shutil.copytree(app, tmp_path / "vtlookup", copy_function=os.link)


@pytest.fixture(scope="session", params=SPLUNKS_PYTHONS)
def python(request: pytest.FixtureRequest) -> str:
    """An interpreter of each version that Splunk brings, looked for once."""
    return splunks_python(request.param)


@pytest.fixture(scope="session")
def any_python() -> str:
    """The older one, else the newer one, else the one at hand."""
    return find_any_python(SPLUNKS_PYTHONS) or sys.executable


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """What SPLUNK_HOME names."""
    return splunks_home(tmp_path)


@pytest.fixture
def lookup(app: Path, home: Path, any_python: str, sandbox: SandboxServer) -> Lookup:
    """The command with a key and without a quota of its own. Its processes are forked."""
    environment = {"VT_API_KEY": "test-key", "VT_API_URL": sandbox.url, "VT_QUOTA": "none"}
    return Lookup(app, home, any_python, environment, forked=ForkedApp(app))


@pytest.fixture
def everywhere(lookup: Lookup, python: str) -> Lookup:
    """The same on each of Splunk's interpreters in turn."""
    return lookup.on(python)


@pytest.fixture
def started_everywhere(lookup: Lookup, python: str) -> Lookup:
    """The same on each of them, with processes that are started."""
    return lookup.started_on(python)


@pytest.fixture
def keyless(lookup: Lookup) -> Lookup:
    """The command without a key in its environment."""
    return lookup.set(VT_API_KEY="", VT_QUOTA="", VT_API_URL="")


@pytest.fixture
def splunkd(keyless: Lookup, sandbox: SandboxServer) -> Iterator[FakeSplunkd]:
    """One that keeps the key, with the app's endpoints and the session of an analyst."""
    with splunkd_of_analyst(keyless, sandbox) as running:
        yield running


@pytest.fixture
def store() -> Iterator[FakeKvStore]:
    """A KV store. Fails at the end if a limit was exceeded."""
    store = FakeKvStore()
    yield store
    assert store.over == []
