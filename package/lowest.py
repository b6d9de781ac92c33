"""The lowest releases that setup.py allows, as constraints for pip: `python -m package.lowest 3.9 > lowest.txt`.

It prints the lower bounds of the requirements in setup.py, including extras, as far as they apply to that Python.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SETUP = Path(__file__).resolve().parent.parent / "setup.py"
_REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)(?P<bounds>[^;]*)(?:;\s*python_version\s*(?P<which><|>=)\s*'(?P<than>\d+\.\d+)')?"
)
_LOWEST = re.compile(r">=\s*([\w.]+)")


def lowest(python: str, setup: Path = SETUP) -> dict[str, str]:
    """The lowest allowed release of each library on that Python (like "3.9"). Raises `ValueError` for a requirement
    without one, or in an unsupported form.
    """
    found: dict[str, str] = {}
    for requirement in _requirements(setup):
        parts = _REQUIREMENT.fullmatch(requirement)
        bound = _LOWEST.search(parts["bounds"]) if parts else None
        if parts is None or bound is None:
            raise ValueError(f"setup.py: {requirement!r} has no lowest release; write NAME>=RELEASE")
        if _applies(parts, python):
            found[parts["name"]] = bound[1]
    return found


def _applies(parts: re.Match[str], python: str) -> bool:
    if parts["which"] is None:
        return True
    is_older = _numbers(python) < _numbers(parts["than"])
    return is_older if parts["which"] == "<" else not is_older


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def _requirements(setup: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(setup.read_text("utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "install_requires":
            yield from ast.literal_eval(node.value)
        elif isinstance(node, ast.keyword) and node.arg == "extras_require":
            for extra in ast.literal_eval(node.value).values():
                yield from extra


def main() -> int:
    """Print a line for each library, for the Python on the command line."""
    for name, release in lowest(sys.argv[1]).items():
        print(f"{name}=={release}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
