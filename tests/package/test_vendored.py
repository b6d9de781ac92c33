"""The app's libraries work by themselves on each Python that Splunk brings, and on those between."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from package.spl.archive import unpack
from package.spl.build_spl import VENDOR_LISTS
from package.spl.interpreters import find_python
from package.spl.vendoring import VendorList, read_lists
from tests.package.conftest import made_once

# What is imported of each library.
MODULES = {
    "cachetools": ["cachetools"],
    "certifi": ["certifi"],
    "charset-normalizer": ["charset_normalizer"],
    "deprecation": ["deprecation"],
    "idna": ["idna"],
    "packaging": ["packaging.version"],
    "publicsuffixlist": ["publicsuffixlist"],
    "requests": ["requests"],
    "splunk-sdk": ["splunklib.client", "splunklib.results", "splunklib.searchcommands"],
    "urllib3": ["urllib3"],
}

OURS_FIRST = """
import sys
sys.path.insert(0, sys.argv[1] + "/bin")
from vtlookup_app.libraries import put_first
put_first()
"""

IMPORT_THEM = (
    OURS_FIRST
    + """
import importlib
for name in sys.argv[2:]:
    assert importlib.import_module(name).__file__.startswith(sys.argv[1]), name
"""
)

IMPORT_THE_CORE = (
    OURS_FIRST
    + """
import importlib, pkgutil
import vt_connectors
for module in pkgutil.walk_packages(vt_connectors.__path__, "vt_connectors."):
    importlib.import_module(module.name)
"""
)

TELL_VERSIONS = (
    OURS_FIRST
    + """
import cachetools, certifi, charset_normalizer, idna, requests, urllib3
for library in (cachetools, charset_normalizer, idna, requests, urllib3):
    print(library.__name__.replace("_", "-"), library.__version__)
from splunklib import binding
try:
    from importlib.metadata import version
    print("splunk-sdk", version("splunk-sdk"))
except ImportError:
    pass
"""
)

# Release 3 of the SDK asks its metadata for its version with each request; nothing answers at this port.
SEND_WITH_THE_SDK = (
    OURS_FIRST
    + """
from splunklib import binding
try:
    binding.handler(timeout=5)("http://127.0.0.1:1/services", {"method": "GET", "headers": []})
except ConnectionRefusedError:
    print("refused")
"""
)


def run_alone(python: str, script: str, *args: str) -> str:
    """What `script` says on both outputs, run without site-packages."""
    command = [python, "-I", "-S", "-c", script, *args]
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60
    )
    return result.stdout


@pytest.fixture
def app(spl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's folder, apart from that of other tests: what a script compiles stays there for those after it."""
    return made_once(tmp_path_factory, "apps-that-run", lambda folder: unpack(spl, folder)) / "vtlookup"


@pytest.fixture(params=["3.9", "3.10", "3.11", "3.12", "3.13"])
def any_version(request: pytest.FixtureRequest) -> tuple[str, VendorList]:
    """An interpreter, and the list for the newest Python that is not newer than it."""
    found = find_python(request.param)
    if found is None:
        pytest.skip(f"no Python {request.param} on the PATH or in pyenv")
    lists = {_minor(libraries.python): libraries for libraries in read_lists(VENDOR_LISTS)}
    return found, lists[max(minor for minor in lists if minor <= _minor(request.param))]


def _minor(python: str) -> int:
    return int(python.split(".")[1])


def test_every_library_imports_from_the_app_without_a_word(any_version: tuple[str, VendorList], app: Path) -> None:
    python, libraries = any_version
    modules = [module for pin in libraries.pins for module in MODULES[pin.name]]
    assert run_alone(python, IMPORT_THEM, str(app), *modules) == ""


def test_every_module_of_the_core_imports_with_the_apps_libraries_alone(
    any_version: tuple[str, VendorList], app: Path
) -> None:
    assert run_alone(any_version[0], IMPORT_THE_CORE, str(app)) == ""


def test_each_python_gets_the_releases_of_its_list(any_version: tuple[str, VendorList], app: Path) -> None:
    python, libraries = any_version
    told = dict(line.split(" ") for line in run_alone(python, TELL_VERSIONS, str(app)).splitlines())
    pinned = {pin.name: pin.version for pin in libraries.pins}
    assert {"cachetools", "requests", "urllib3"} <= told.keys()
    assert told == {name: pinned[name] for name in told}


def test_the_sdk_sends_with_what_the_app_carries_of_it(any_version: tuple[str, VendorList], app: Path) -> None:
    assert run_alone(any_version[0], SEND_WITH_THE_SDK, str(app)) == "refused\n"


def test_every_library_comes_with_its_licence(app: Path) -> None:
    every = read_lists(VENDOR_LISTS)
    for libraries in every:
        own = f"py{libraries.python.replace('.', '')}"
        texts = [*app.glob("lib/licenses/*.txt"), *app.glob(f"lib/{own}/licenses/*.txt")]
        assert sorted(path.stem for path in texts) == sorted(pin.name for pin in libraries.pins)
        assert all(path.stat().st_size > 500 for path in texts)


def test_no_pinned_library_is_left_untried() -> None:
    assert {pin.name for libraries in read_lists(VENDOR_LISTS) for pin in libraries.pins} == MODULES.keys()
