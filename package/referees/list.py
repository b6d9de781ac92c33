"""The referees: the `referee.py` beside each platform's bundle says which SDK, in which version."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

from .environments import Referee

_BUNDLES = Path(__file__).resolve().parents[1] / "bundles"


@functools.cache
def referees() -> tuple[Referee, ...]:
    """All of them, by name. A module `referee` may define several, as `REFEREES`."""
    found: list[Referee] = []
    for path in sorted(_BUNDLES.glob("*/referee.py")):
        found += importlib.import_module(f"package.bundles.{path.parent.name}.referee").REFEREES
    return tuple(sorted(found))


def referee(name: str) -> Referee:
    """Raises `KeyError` if there is none with this name."""
    return {one.name: one for one in referees()}[name]
