"""Builds the Splunk app: `python -m package.spl.build_spl` writes dist/vtlookup-<version>.spl."""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Callable

from package.spl.app_tree import APP_ID, assemble, read_version
from package.spl.archive import mtime_of, write_archive
from package.spl.build_error import BuildError
from package.spl.vendoring import fetch, find_cached, read_lists

PROJECT = Path(__file__).resolve().parents[2]
VENDOR_LISTS = PROJECT / "package/spl"
CACHE = PROJECT / ".cache/vendor"

Report = Callable[[str], None]


def build(out: Path, python: str = sys.executable, project: Path = PROJECT, report: Report = print) -> Path:
    """Build the app from `project` into the folder `out` and return the .spl file.

    `python` is the interpreter whose pip downloads libraries that are not cached; `report` is called with
    lines of progress. BuildError if the app cannot be built.
    """
    version = read_version(project)
    report(f"vtlookup {version}")
    libraries = _fetch_libraries(python, report)
    target = out / f"{APP_ID}-{version}.spl"
    with tempfile.TemporaryDirectory() as folder:
        app = assemble(project, libraries, Path(folder))
        report(f"  files      {sum(path.is_file() for path in app.rglob('*'))}, no compiled code")
        write_archive(app, target, mtime_of(version))
    return target


def _fetch_libraries(python: str, report: Report) -> dict[str, dict[str, Path]]:
    found = {}
    for libraries in read_lists(VENDOR_LISTS):
        missing = len(libraries.pins) - len(find_cached(libraries.pins, CACHE))
        state = f"{missing} to download" if missing else "all in the cache"
        report(f"  libraries  {len(libraries.pins)} pinned for Python {libraries.python}, {state}")
        found[libraries.python] = fetch(libraries, CACHE, python)
    return found


def main() -> int:
    """Parse the command line, build, and print the result. Returns the exit status, 0 or 1."""
    parser = argparse.ArgumentParser(description="Build the Splunk app vtlookup.")
    parser.add_argument("--out", type=Path, default=PROJECT / "dist", help="folder for the .spl file")
    parser.add_argument("--python", default=sys.executable, help="interpreter whose pip downloads libraries")
    options = parser.parse_args()
    try:
        target = build(options.out, options.python)
    except BuildError as error:
        print(f"not built: {error}", file=sys.stderr)
        return 1
    content = target.read_bytes()
    print(f"  wrote      {target} ({len(content) // 1024} KB)")
    print(f"  sha256     {hashlib.sha256(content).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
