"""Finds a Python with a given version on this machine: `python -m package.spl.interpreters 3.9`."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path


def find_python(version: str) -> str | None:
    """An interpreter of `version` (like "3.9"), from the PATH or pyenv; None if there is none."""
    return next((path for path in _candidates(version) if _is_version(path, version)), None)


def find_any_python(versions: Sequence[str]) -> str | None:
    """An interpreter of the first of `versions` that is installed; None if there is none."""
    return next((path for path in map(find_python, versions) if path), None)


def _candidates(version: str) -> Iterator[str]:
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield on_path
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for folder in sorted(root.glob(f"versions/{version}.*"), key=_numbers, reverse=True):
        yield str(folder / "bin/python")


def _numbers(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", folder.name)]


@functools.cache
def _is_version(path: str, version: str) -> bool:
    # A pyenv shim on the PATH exists even for inactive versions, and then fails.
    script = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        result = subprocess.run([path, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.stdout.strip() == version


def main() -> int:
    """Print the interpreter for the version on the command line. The exit status is 1 if there is none."""
    found = find_python(sys.argv[1])
    if found:
        print(found)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
