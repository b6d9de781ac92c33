"""A copy of the released sources, and their date. Both depend on the commit only, not on the machine or the time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

from package.spl.build_error import BuildError

# An unpacked sdist has a list of its files.
_LISTED = "connectors/vt_connectors.egg-info/SOURCES.txt"
# setuptools writes them into each sdist.
_MADE_BY_SETUPTOOLS = ("PKG-INFO", "setup.cfg")


def copy_sources(project: Path, target: Path) -> None:
    """Copy the files that Git knows, or those of an unpacked sdist, to the folder `target`, with the same modes on
    every machine. Raises `BuildError` if `project` is neither.
    """
    for name in _names(project):
        source, copy = project / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        copy.chmod(0o755 if os.access(source, os.X_OK) else 0o644)


def uncommitted(project: Path) -> list[str]:
    """The files that differ from the last commit, as `git status --short` lists them. Empty without Git."""
    return _git(project, "status", "--short").splitlines() if (project / ".git").exists() else []


def source_date(project: Path, environment: Mapping[str, str]) -> int:
    """The date of the release, in seconds since 1970: SOURCE_DATE_EPOCH, the date in CHANGELOG.md if its newest version
    has one, the date of the last commit, or that of an unpacked sdist. Raises `BuildError` if there is none of them.
    """
    given = environment.get("SOURCE_DATE_EPOCH", "")
    if given:
        return _seconds(given)
    newest = re.search(r"^## \S+ \((.*)\)$", (project / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    if newest is not None and re.fullmatch(r"\d{4}-\d\d-\d\d", newest[1]):
        return int(datetime.fromisoformat(newest[1]).replace(tzinfo=timezone.utc).timestamp())
    if (project / ".git").exists():
        return int(_git(project, "log", "-1", "--format=%ct"))
    if (project / "PKG-INFO").is_file():
        # All files in an sdist have the date of its release.
        return int((project / "PKG-INFO").stat().st_mtime)
    raise BuildError("CHANGELOG.md has no date for its newest version: set SOURCE_DATE_EPOCH to the release's seconds")


def _seconds(given: str) -> int:
    if not re.fullmatch(r"\d{1,12}", given):
        raise BuildError(f"SOURCE_DATE_EPOCH is {given!r}: it needs whole seconds since 1970")
    return int(given)


def _names(project: Path) -> Iterator[str]:
    if (project / ".git").exists():
        tracked = _git(project, "ls-files", "-z").split("\0")
        # A file that was deleted, but not yet in a commit, is still listed.
        yield from (name for name in tracked if name and (project / name).is_file())
    elif (project / _LISTED).is_file():
        listed = (project / _LISTED).read_text("utf-8").splitlines()
        yield from (name for name in listed if name not in _MADE_BY_SETUPTOOLS and ".egg-info/" not in name)
    else:
        raise BuildError(f"{project} is neither a Git checkout nor an unpacked sdist: its files are not known")


def _git(project: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(project), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
