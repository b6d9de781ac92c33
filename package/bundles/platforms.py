"""Which platforms there are: the folders beside this module that have a `bundle.py`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Callable

from .manifest import Manifest

Build = Callable[[Manifest, Path], Path]
HERE = Path(__file__).resolve().parent


def platforms() -> list[str]:
    """Their names, sorted."""
    return sorted(path.parent.name for path in HERE.glob("*/bundle.py"))


def builder(name: str) -> Build:
    """The function that builds the bundle of the platform `name`."""
    build: Build = importlib.import_module(f"package.bundles.{name}.bundle").build
    return build


def writer(name: str) -> Build:
    """The function that writes what the bundle has without the platform's SDK: `write` if the SDK adds something."""
    module = importlib.import_module(f"package.bundles.{name}.bundle")
    write: Build = getattr(module, "write", module.build)
    return write
