"""Builds the folders `analyzers`, `responders` and `thehive-templates`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from package.bundles.embedding import CLIENT, embedded
from package.bundles.manifest import Manifest

from .flavours import ANALYZER, FLAVOURS, FOLDER, RESPONDER, analyzer, responder, template_folder

_HERE = Path(__file__).resolve().parent
_MODULES = (*CLIENT, "configured", "thehive_cortex")
_REQUIREMENTS = "cortexutils>=2.2.1,<3\n"


def build(manifest: Manifest, out: Path) -> Path:
    """See `package.bundles`."""
    analyzers, responders = out / "analyzers" / FOLDER, out / "responders" / FOLDER
    for flavour in FLAVOURS:
        definition = analyzer(flavour, manifest)
        _write_json(analyzers / f"{definition['name']}.json", definition)
        for template in ("long.html", "short.html"):
            text = (_HERE / template).read_text("utf-8")
            _write(out / "thehive-templates" / template_folder(flavour, manifest) / template, text)
    definition = responder(manifest)
    _write_json(responders / f"{definition['name']}.json", definition)
    for folder, program in ((analyzers, ANALYZER), (responders, RESPONDER)):
        _write(folder / "requirements.txt", _REQUIREMENTS)
        source = embedded(_MODULES, f"VirusTotal by vt-connectors {manifest.version}.", _HERE / program)
        _write(folder / program, f"#!/usr/bin/env python3\n{source}")
        (folder / program).chmod(0o755)
    return out


def _write_json(path: Path, document: dict[str, Any]) -> None:
    _write(path, json.dumps(document, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
