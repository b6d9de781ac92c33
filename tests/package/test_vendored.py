"""The app's lib/ works by itself on each Python that Splunk brings."""

from __future__ import annotations

import subprocess
from pathlib import Path

from build_spl import VENDOR_LIST
from vendoring import read_pins

LIBRARIES = (
    "cachetools",
    "certifi",
    "charset_normalizer",
    "deprecation",
    "idna",
    "packaging.version",
    "requests",
    "splunklib.client",
    "splunklib.results",
    "splunklib.searchcommands",
    "urllib3",
)

IMPORT_THEM = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    assert importlib.import_module(name).__file__.startswith(sys.argv[1]), name
"""

IMPORT_THE_CORE = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import connectors
for module in pkgutil.walk_packages(connectors.__path__, "connectors."):
    importlib.import_module(module.name)
"""


def run_alone(python: str, script: str, *args: str) -> str:
    """What `script` says on both outputs, run without site-packages and without leaving .pyc files."""
    command = [python, "-I", "-S", "-B", "-c", script, *args]
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60
    )
    return result.stdout


def test_every_library_imports_from_the_app_without_a_word(python: str, app: Path) -> None:
    assert run_alone(python, IMPORT_THEM, str(app / "lib"), *LIBRARIES) == ""


def test_every_module_of_the_core_imports_with_the_apps_libraries_alone(python: str, app: Path) -> None:
    assert run_alone(python, IMPORT_THE_CORE, str(app / "lib")) == ""


def test_every_library_comes_with_its_licence(app: Path) -> None:
    licences = {path.stem for path in app.glob("lib/licenses/*.txt")}
    assert licences == {pin.name for pin in read_pins(VENDOR_LIST)}
    assert all(path.stat().st_size > 500 for path in app.glob("lib/licenses/*.txt"))


def test_no_pinned_library_is_left_untried() -> None:
    tried = {name.split(".")[0].replace("splunklib", "splunk_sdk") for name in LIBRARIES}
    assert tried == {pin.name.replace("-", "_") for pin in read_pins(VENDOR_LIST)}
