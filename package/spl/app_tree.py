"""Assembles the app's folder from its static part, the core, the schemas, the libraries and the licence."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from package.spl.build_error import BuildError
from package.spl.forbidden_content import is_unwanted, refuse_impure
from package.spl.unpacking import unpack
from package.spl.vendoring import shared_and_own

APP_ID = "vtlookup"
# Parts of the core for other platforms; they would be unused inside Splunk.
EXCLUDED_FROM_CORE = (
    "adapters/cli",
    "adapters/core_from_environment.py",
    "adapters/enrich",
    "adapters/http",
    "adapters/mcp",
    "adapters/process",
    "adapters/python",
    "adapters/runner",
    "adapters/soar",
    "backends/redis",
    "export",
    "sandbox",
    "__main__.py",
)
VERSION_PLACEHOLDER, BUILD_PLACEHOLDER = "@VERSION@", "@BUILD@"
TEMPLATES = ("app.manifest", "default/app.conf", "README.txt")


def read_version(project: Path) -> str:
    """The product's version, from connectors/vt_connectors/__init__.py."""
    source = (project / "connectors/vt_connectors/__init__.py").read_text("utf-8")
    match = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    if match is None:
        raise BuildError("connectors/vt_connectors/__init__.py names no version")
    return match[1]


def assemble(project: Path, libraries: Mapping[str, Mapping[str, Path]], parent: Path) -> Path:
    """Create the app's folder in `parent` and return it.

    `project` is the source tree; `libraries` has the wheels or sdists for each Python ("3.9") by name. Libraries that
    are the same for all go into lib/, the others into lib/py39/ and the like: `vtlookup_app.libraries` chooses.
    BuildError if the result would contain forbidden files.
    """
    app = parent / APP_ID
    lib = app / "lib"
    _copy_tree(project / "splunk_app", app)
    _copy_tree(project / "connectors/vt_connectors", lib / "vt_connectors", EXCLUDED_FROM_CORE)
    _copy_tree(project / "schemas", lib / "vt_connectors/schemas")
    shared, own = shared_and_own(libraries)
    unpack(shared, lib)
    for python, files in own.items():
        unpack(files, lib / f"py{python.replace('.', '')}")
    shutil.copyfile(project / "LICENSE", app / "LICENSE.txt")
    _fill_in_version(app, read_version(project))
    refuse_impure(app)
    return app


def _copy_tree(source: Path, target: Path, excluded: Sequence[str] = ()) -> None:
    if not source.is_dir():
        raise BuildError(f"{source.name}/ is missing")
    for path in _wanted_files(source, excluded):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _wanted_files(source: Path, excluded: Sequence[str]) -> Iterator[Path]:
    for path in sorted(source.rglob("*")):
        inner = path.relative_to(source)
        places = {place.as_posix() for place in (inner, *inner.parents)}
        if path.is_file() and not is_unwanted(inner) and not places & set(excluded):
            yield path


def _fill_in_version(app: Path, version: str) -> None:
    for name in TEMPLATES:
        template = app / name
        text = template.read_text("utf-8")
        if VERSION_PLACEHOLDER not in text:
            raise BuildError(f"splunk_app/{name} has no {VERSION_PLACEHOLDER}")
        text = text.replace(VERSION_PLACEHOLDER, version).replace(BUILD_PLACEHOLDER, str(build_number(version)))
        template.write_text(text, "utf-8")


def build_number(version: str) -> int:
    """The number of a release, like 10203 for 1.2.3. Browsers keep the app's static files until it changes.

    https://docs.splunk.com/Documentation/Splunk/latest/Admin/Appconf
    """
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if match is None:
        raise BuildError(f"the version {version} does not begin with three numbers")
    major, minor, patch = map(int, match.groups())
    return (major * 100 + minor) * 100 + patch
