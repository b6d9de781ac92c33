"""Runs a type checker on a program that uses the API."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# What mypy knows of the package and of Python's library, for all tests and the next run. What changed is read anew.
_KNOWN = PROJECT / ".cache/mypy"


def mypy_says(script: str, folder: Path) -> list[str]:
    """The messages of `mypy --strict` for a program in another folder, which finds the package as if installed."""
    program = folder / "program.py"
    program.write_text(script, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary"]
    _KNOWN.mkdir(parents=True, exist_ok=True)
    with (_KNOWN / "lock").open("w") as lock:
        # Others would write what this one reads.
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            [*command, "--cache-dir", str(_KNOWN), program.name],
            cwd=folder,
            env={**os.environ, "MYPYPATH": str(PROJECT / "connectors")},
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )
    assert not done.stderr
    return done.stdout.splitlines()
