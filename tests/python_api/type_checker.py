"""Runs a type checker on a program that uses the API."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def mypy_says(script: str, folder: Path) -> list[str]:
    """The messages of `mypy --strict` for a program in another folder, which finds the package as if installed."""
    program = folder / "program.py"
    program.write_text(script, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary"]
    done = subprocess.run(
        [*command, "--cache-dir", str(folder / "cache"), program.name],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(PROJECT / "connectors")},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert not done.stderr
    return done.stdout.splitlines()
