"""The referees: the `referee.py` beside each platform's bundle, and beside the build of Splunk's app, says which SDK or
tools, in which version.
"""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

from .environments import Referee

_PROJECT = Path(__file__).resolve().parents[2]


@functools.cache
def referees() -> tuple[Referee, ...]:
    """All of them, by name. A module `referee` may define several, as `REFEREES`."""
    found: list[Referee] = []
    for path in sorted((_PROJECT / "package").rglob("referee.py")):
        found += importlib.import_module(".".join(path.relative_to(_PROJECT).with_suffix("").parts)).REFEREES
    return tuple(sorted(found))


def referee(name: str) -> Referee:
    """Raises `KeyError` if there is none with this name."""
    return {one.name: one for one in referees()}[name]
