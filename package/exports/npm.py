"""Programs of the npm registry for tests, each in a pinned version in .cache/."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from package.spl.build_error import BuildError

CACHE = Path(__file__).resolve().parents[2] / ".cache"


def installed(name: str, version: str) -> Path:
    """The folder of the package `name`; npm installs it once. BuildError if npm is missing or fails."""
    return installed_set(name, {name: version}) / name


def installed_set(name: str, versions: Mapping[str, str]) -> Path:
    """The folder `node_modules` in .cache/`name` with packages in these versions; npm installs them once.

    BuildError if npm is missing or fails.
    """
    folder = CACHE / name
    inner = folder / "node_modules"
    if _has(inner, versions):
        return inner
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise BuildError(f"{name} needs node and npm, which are not installed")
    CACHE.mkdir(exist_ok=True)
    # Installed beside and then moved, because two processes may do it at the same time.
    with tempfile.TemporaryDirectory(dir=CACHE) as made:
        command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts", "--prefix", made]
        packages = [f"{package}@{version}" for package, version in versions.items()]
        result = subprocess.run([*command, *packages], capture_output=True, text=True, check=False)
        if result.returncode:
            raise BuildError(f"npm could not install {' '.join(packages)}:\n{result.stderr.strip()}")
        shutil.rmtree(folder, ignore_errors=True)
        try:
            Path(made).rename(folder)
        except OSError:
            if not _has(inner, versions):
                raise
        Path(made).mkdir(exist_ok=True)
    return inner


def _has(inner: Path, versions: Mapping[str, str]) -> bool:
    return all(_version_in(inner / name) == version for name, version in versions.items())


def _version_in(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / "package.json").read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return None
