"""Builds the connector: one Python file, and what a container of it needs."""

from __future__ import annotations

import shutil
from pathlib import Path

from package.bundles.embedding import CLIENT, embedded
from package.bundles.manifest import Manifest

from .referee import PYCTI

HERE = Path(__file__).resolve().parent
MODULES = (*CLIENT, "markdown", "opencti_note", "opencti")
_ENTRY = """

if __name__ == "__main__":
    sys.exit(main())
"""


def build(manifest: Manifest, out: Path) -> Path:
    """The folder of the connector below `out`."""
    folder = out / "vt-connectors"
    shutil.copytree(HERE / "files", folder)
    docstring = f"VirusTotal through vtaction serve, for OpenCTI. Generated, version {manifest.version}."
    source = embedded(MODULES, docstring, HERE / "host.py")
    (folder / "connector.py").write_text(source + _ENTRY, "utf-8")
    requirements = f"# The version of your OpenCTI.\n{PYCTI}\n"
    (folder / "requirements.txt").write_text(requirements, "utf-8")
    return folder
