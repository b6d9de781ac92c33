"""Runs a type checker on a program that uses the API."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# What mypy knows of the package and of Python's library, for all tests and the next run. What changed is read anew.
_KNOWN = PROJECT / ".cache/mypy"


def mypy_says(script: str, folder: Path) -> list[str]:
    """The messages of `mypy --strict` for a program in another folder, which finds the package as if installed."""
    return mypy_says_of({"program": script}, folder)["program"]


def mypy_says_of(scripts: Mapping[str, str], folder: Path) -> dict[str, list[str]]:
    """The same for several programs, by name. One start reads all that they use once."""
    for name, script in scripts.items():
        (folder / f"{name}.py").write_text(script, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary"]
    _KNOWN.mkdir(parents=True, exist_ok=True)
    with (_KNOWN / "lock").open("w") as lock:
        # Others would write what this one reads.
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            [*command, "--cache-dir", str(_KNOWN), *(f"{name}.py" for name in scripts)],
            cwd=folder,
            env={**os.environ, "MYPYPATH": str(PROJECT / "connectors")},
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )
    assert not done.stderr
    said: dict[str, list[str]] = {name: [] for name in scripts}
    for line in done.stdout.splitlines():
        said[line.partition(".py:")[0]].append(line)
    return said
