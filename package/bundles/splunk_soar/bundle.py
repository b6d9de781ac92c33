"""Writes the source of the Splunk SOAR app, and with the platform's SDK also the package that is installed."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..manifest import Manifest
from .packing import pack
from .referee import REFEREES, SDK
from .source import actions_source, outputs_source, parameters_source

_APP = Path(__file__).parent / "app"
_PROJECT = Path(__file__).resolve().parents[3]
_PYPROJECT = """\
[project]
name = "vtconnectors"
version = "{version}"
description = "Lookups, scans, comments and votes at VirusTotal, with one cache and one quota for all playbooks"
license = "Apache-2.0"
requires-python = ">=3.13,<3.14"
authors = [{{ name = "vt-connectors" }}]
dependencies = ["{sdk}", "vt-connectors=={version}"]

[tool.soar.app]
main_module = "src.app:app"

[tool.uv]
package = false
environments = [
    "sys_platform == 'linux' and platform_machine == 'x86_64' and python_version == '3.13'",
    "sys_platform == 'linux' and platform_machine == 'aarch64' and python_version == '3.13'",
]
"""


def build(manifest: Manifest, out: Path) -> Path:
    """The package, or the folder with its source if the SDK is not installed. BuildError if packing fails."""
    source = write(manifest, out)
    return pack(source, out / "vt_connectors_soar.tgz") if REFEREES[0].is_installed() else source


def write(manifest: Manifest, out: Path) -> Path:
    """The folder with the source."""
    return write_source(manifest, out / "app")


def write_source(manifest: Manifest, folder: Path) -> Path:
    """The folder, which does not exist before."""
    shutil.copytree(_APP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(_PROJECT / "LICENSE", folder)
    modules = {"parameters": parameters_source, "outputs": outputs_source, "actions": actions_source}
    for name, source in modules.items():
        (folder / f"src/{name}.py").write_text(source(manifest), "utf-8")
    (folder / "pyproject.toml").write_text(_PYPROJECT.format(version=manifest.version, sdk=SDK), "utf-8")
    return folder
