"""Builds the analyzer's folder, `vtconnectors`."""

from __future__ import annotations

import json
from pathlib import Path

from package.bundles.embedding import CLIENT, embedded
from package.bundles.manifest import Manifest

NAME = "vtconnectors"
_PROGRAM = Path(__file__).resolve().parent / f"{NAME}.py"
_TYPES = ("domain", "fqdn", "hash", "ip", "url")


def build(manifest: Manifest, out: Path) -> Path:
    """See `package.bundles`. Raises `ValueError` if Salt would take a part of the program for a template of its own."""
    folder = out / NAME
    folder.mkdir()
    docstring = f"VirusTotal for Security Onion, by vt-connectors {manifest.version}."
    program = embedded((*CLIENT, "configured", "security_onion"), docstring, _PROGRAM)
    for mark in ("{{", "{%", "{#"):
        if mark in program:
            raise ValueError(f"Salt renders all files of analyzers with Jinja, to which {mark} is special")
    (folder / f"{NAME}.py").write_text(program, "utf-8")
    (folder / "__init__.py").write_text("", "utf-8")
    description = {
        "name": "VirusTotal (vt-connectors)",
        "version": manifest.version,
        "author": "vt-connectors",
        "description": manifest.action("lookup").description,
        "supportedTypes": list(_TYPES),
    }
    (folder / f"{NAME}.json").write_text(json.dumps(description, indent=2) + "\n", "utf-8")
    # JSON is YAML, and needs no library.
    rows = (f'  "{name}": "{_pillar(name)}"' for name in ("url", "key", "settings"))
    (folder / f"{NAME}.yaml").write_text("{\n" + ",\n".join(rows) + "\n}\n", "utf-8")
    return folder


def _pillar(name: str) -> str:
    return f"{{{{ salt['pillar.get']('sensoroni:analyzers:{NAME}:{name}', '') }}}}"
