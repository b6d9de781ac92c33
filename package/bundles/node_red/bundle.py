"""A flow for Node-RED: an indicator by HTTP, one lookup at the server, and an answer for each status."""

from __future__ import annotations

import shutil
from pathlib import Path

from package.bundles.manifest import Manifest

from .headless import FLOW


def build(manifest: Manifest, out: Path) -> Path:
    """The flow, which *Import* takes."""
    return Path(shutil.copy(FLOW, out / "vtaction-flow.json"))
