"""A type checker over a program that uses the API."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def mypy_says(script: str, folder: Path) -> list[str]:
    """What `mypy --strict` says of a program elsewhere, with the package as if it was installed."""
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
