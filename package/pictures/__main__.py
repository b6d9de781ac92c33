"""Draws all pictures in docs/pictures/: `make pictures`, or `python -m package.pictures [NAME ...]` for some of them.

Each module of this folder is a program that draws one part: `python -m package.pictures.setup_page`.
A program that needs something which is not installed says so and fails; the others still run.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PICTURES = PROJECT / "docs/pictures"


def programs() -> list[str]:
    """The names of the modules that can be run, sorted."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    runnable = [path.stem for path in modules if '\nif __name__ == "__main__":' in path.read_text("utf-8")]
    return [name for name in runnable if not name.startswith("_")]


def main(arguments: Sequence[str]) -> int:
    """Run the programs and list the pictures. Returns the exit status: 0, or 1 if a program failed or is unknown."""
    unknown = sorted(set(arguments) - set(programs()))
    if unknown:
        print(f"there is no program {', '.join(unknown)}; there are {', '.join(programs())}", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    commands = [[sys.executable, "-m", f"package.pictures.{name}"] for name in arguments or programs()]
    failed = [command[-1] for command in commands if subprocess.run(command, cwd=PROJECT, check=False).returncode]
    for path in sorted(PICTURES.iterdir()):
        print(f"  {path.stat().st_size // 1024:>6} KB  {path.relative_to(PROJECT)}")
    for name in failed:
        print(f"{name} failed", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
