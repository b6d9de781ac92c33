"""Checks that the app's libraries are the newest for its Pythons: `python -m package.spl.newest [--update]`.

pip downloads the newest release of each library for that Python from its configured package index, because only so
are releases left out that need a newer Python. Without a response within two minutes the check is skipped and does
not fail, because a build must not depend on a network.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from package.spl.build_error import BuildError
from package.spl.vendoring import Pin, VendorList, pip_download, read_lists, sha256_of

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120.0
# Data with several releases a month may be this much older, so that builds do not fail every day.
_MOST_DAYS = 90
_DATE = re.compile(r"(?<!\d)(20\d\d)(\d\d)(\d\d)(?!\d)")
# pip's exit status for an invalid command line.
_WRONG_USAGE = 2
_FILE = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*?)(?:-.*\.whl|\.tar\.gz|\.zip)")


class NotAsked(Exception):
    """The index did not respond. The message says why."""


@dataclass(frozen=True)
class Release:
    """The newest release of a library for one Python."""

    version: str
    sha256: str


def find_newest(
    libraries: VendorList, python: str = sys.executable, patience_s: float = PATIENCE_S
) -> dict[str, Release]:
    """The newest release of each library in the list, by its name there.

    It uses the pip of `python`, for `patience_s` seconds at most. Raises `NotAsked`, and `BuildError` if pip does not
    accept an option.
    """
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text("\n".join([*libraries.options, *(pin.name for pin in libraries.pins)]) + "\n", "utf-8")
        files = Path(folder) / "files"
        _download(pip_download(python, wanted, files, libraries.python), patience_s)
        found = dict(map(_release, files.iterdir()))
    missing = [pin.name for pin in libraries.pins if _plain(pin.name) not in found]
    if missing:
        raise NotAsked(f"pip did not download {', '.join(missing)}")
    return {pin.name: found[_plain(pin.name)] for pin in libraries.pins}


def _download(command: Sequence[str], patience_s: float) -> None:
    try:
        result = subprocess.run(
            [*command, "--retries", "1", "--timeout", "15"],
            capture_output=True,
            text=True,
            check=False,
            timeout=patience_s,
        )
    except subprocess.TimeoutExpired:
        raise NotAsked(f"no answer within {patience_s:.0f} s") from None
    if result.returncode == _WRONG_USAGE:
        raise BuildError(f"pip does not accept the options:\n{result.stderr.strip()}")
    if result.returncode:
        raise NotAsked(result.stderr.strip())


def _release(path: Path) -> tuple[str, Release]:
    named = _FILE.fullmatch(path.name)
    if named is None:
        raise BuildError(f"pip downloaded a file without a version in its name: {path.name}")
    return _plain(named["name"]), Release(named["version"], sha256_of(path))


def _plain(name: str) -> str:
    """A library's normalised name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def outdated(pins: Sequence[Pin], newest: Mapping[str, Release]) -> Iterator[str]:
    """A line for each pin that is older than the newest release; for data, by more than `_MOST_DAYS`."""
    for pin in pins:
        version = newest[pin.name].version
        if _numbers(pin.version) < _numbers(version) and not _is_close(pin.version, version):
            yield f"{pin.name} {pin.version} is older than {version}"


def _is_close(version: str, newer: str) -> bool:
    """Whether two dated releases of data are at most `_MOST_DAYS` apart."""
    dates = [_DATE.search(one) for one in (version, newer)]
    try:
        first, second = (date.fromisoformat("-".join(found.groups())) for found in dates if found)
    except ValueError:
        return False
    return second - first <= timedelta(days=_MOST_DAYS)


def _numbers(version: str) -> list[int]:
    """Numbers that sort final and post releases; the lists have no others."""
    return [int(number) for number in re.findall(r"\d+", version)]


def updated(text: str, newest: Mapping[str, Release]) -> str:
    """The text of a list, with the newest releases."""
    for name, release in newest.items():
        pin = f"{name}=={release.version} \\\n    --hash=sha256:{release.sha256}\n"
        text = re.sub(rf"^{re.escape(name)}==(?:.*\\\n)*.*\n", pin.replace("\\", r"\\"), text, flags=re.MULTILINE)
    return text


def check(folder: Path, update: bool = False, python: str = sys.executable, patience_s: float = PATIENCE_S) -> int:
    """Print the outdated libraries of each list in `folder`; `update` updates the lists. Returns the exit status."""
    status = 0
    for libraries in read_lists(folder):
        try:
            newest = find_newest(libraries, python, patience_s)
        except NotAsked as reason:
            print(f"NOT CHECKED: libraries for Python {libraries.python}: no response from the package index: {reason}")
            continue
        older = list(outdated(libraries.pins, newest))
        if older and update:
            libraries.path.write_text(updated(libraries.path.read_text("utf-8"), newest), "utf-8")
        elif older:
            status = 1
        told = "; ".join(older) or "all are the newest"
        print(f"Python {libraries.python}: {told}{' (now up to date)' if older and update else ''}")
    if status:
        print("update them: `python -m package.spl.newest --update`; then check what SECURITY.md says about them")
    return status


def main() -> int:
    """Parse the command line, and check. Returns the exit status, 0 or 1."""
    parser = argparse.ArgumentParser(description="Check that the app's libraries are the newest for its Pythons.")
    parser.add_argument("--update", action="store_true", help="write the newest releases into the lists")
    options = parser.parse_args()
    try:
        return check(PROJECT / "package/spl", options.update)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
