"""Environments of their own, for tools whose requirements differ from the project's."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from package.spl.build_error import BuildError
from package.spl.interpreters import find_any_python

# In the environment: the requirements that it was made from.
_MADE_FROM = "made-from.txt"


def is_made(folder: Path, requirements: str) -> bool:
    """Whether `folder` is an environment with exactly these requirements."""
    made_from = folder / _MADE_FROM
    return made_from.is_file() and made_from.read_text("utf-8") == requirements


def make_environment(folder: Path, pythons: Sequence[str], requirements: str, options: Sequence[str] = ()) -> Path:
    """The folder with the programs of the environment in `folder`, which is made unless it exists.

    `requirements` are lines for pip, `options` are further options for it. `pythons`: versions, the preferred one
    first. Raises `BuildError` if none is installed, or with pip's message if it cannot install them.
    """
    if not is_made(folder, requirements):
        python = find_any_python(pythons)
        if python is None:
            raise BuildError(f"{folder.name} needs one of Python {', '.join(pythons)}")
        _run([python, "-m", "venv", "--clear", str(folder)])
        wanted = folder / "requirements.txt"
        wanted.write_text(requirements, "utf-8")
        _run([str(folder / "bin/python"), "-m", "pip", "install", "-q", *options, "-r", str(wanted)])
        wanted.rename(folder / _MADE_FROM)
    return folder / "bin"


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise BuildError(f"{' '.join(command)}:\n{result.stderr.strip()}")
