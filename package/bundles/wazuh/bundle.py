"""Builds the two files of the integration, `custom-vtaction` and `custom-vtaction.py`."""

from __future__ import annotations

from pathlib import Path

from package.bundles.embedding import CLIENT, embedded
from package.bundles.manifest import Manifest

NAME = "custom-vtaction"
_PROGRAM = Path(__file__).resolve().parent / "custom_vtaction.py"
# integratord starts the file without an ending. Wazuh brings its own Python.
_WRAPPER = """#!/bin/sh
# Starts the integration with Wazuh's own Python, or the system's.
folder=$(cd -P "$(dirname "$0")" && pwd)
python="$folder/../framework/python/bin/python3"
[ -x "$python" ] || python=python3
exec "$python" "$folder/custom-vtaction.py" "$@"
"""


def build(manifest: Manifest, out: Path) -> Path:
    """See `package.bundles`. The files need the group `wazuh`, which only the manager has."""
    folder = out / "integrations"
    folder.mkdir()
    docstring = f"VirusTotal for Wazuh, by vt-connectors {manifest.version}."
    wrapper, program = folder / NAME, folder / f"{NAME}.py"
    wrapper.write_text(_WRAPPER, "utf-8")
    program.write_text(embedded((*CLIENT, "wazuh"), docstring, _PROGRAM), "utf-8")
    for path in (wrapper, program):
        path.chmod(0o750)
    return folder
