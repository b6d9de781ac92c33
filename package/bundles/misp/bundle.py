"""Builds the folder that `misp-modules -c` takes, with one module in it."""

from __future__ import annotations

from pathlib import Path

from package.bundles.embedding import CLIENT, embedded
from package.bundles.manifest import Manifest

_PROGRAM = Path(__file__).resolve().parent / "vtconnectors.py"
# misp-modules reads all of them.
_FOLDERS = ("expansion", "export_mod", "import_mod", "action_mod")


def build(manifest: Manifest, out: Path) -> Path:
    """See `package.bundles`."""
    for name in _FOLDERS:
        (out / name).mkdir()
        (out / name / "__init__.py").write_text("", "utf-8")
    module = out / "expansion" / _PROGRAM.name
    docstring = f"VirusTotal for MISP, by vt-connectors {manifest.version}."
    module.write_text(embedded((*CLIENT, "configured", "misp"), docstring, _PROGRAM), "utf-8")
    return module
