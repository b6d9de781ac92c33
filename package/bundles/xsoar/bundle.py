"""Builds the pack: a folder as in Cortex XSOAR's content repository, and the zip file that an administrator uploads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from package.bundles.embedding import CLIENT, embedded
from package.bundles.manifest import Manifest
from package.bundles.png import icon

from .commands import PackCommand, commands
from .integration import DESCRIPTION, integration
from .outputs import NAME
from .readme import pack_readme, readme

HERE = Path(__file__).resolve().parent
PLATFORM = ("demistomock", "CommonServerPython", "CommonServerUserPython")
MODULES = (*CLIENT, "markdown", "xsoar_indicators", "xsoar_arguments", "xsoar")
_IMPORTS = """import demistomock as demisto
from CommonServerPython import *
from CommonServerUserPython import *
"""
_ENTRY = """

COMMANDS = {{
{commands}
}}


if __name__ in ("__main__", "__builtin__", "builtins"):
    main(COMMANDS)
"""
# The Marketplace asks for it; it is only shown.
_CREATED = "2026-01-01T00:00:00Z"


def build(manifest: Manifest, out: Path) -> Path:
    """The pack's folder, Packs/VTLookup below `out`."""
    pack = out / "Packs" / NAME
    folder = pack / "Integrations" / NAME
    folder.mkdir(parents=True)
    made = commands(manifest)
    _write(folder / f"{NAME}.yml", _yaml(integration(made)))
    _write(folder / f"{NAME}.py", code(made, manifest.version))
    _write(folder / f"{NAME}_description.md", (HERE / "description.md").read_text("utf-8"))
    _write(folder / "README.md", readme(made))
    (folder / f"{NAME}_image.png").write_bytes(icon(120, 50))
    _write(pack / "pack_metadata.json", json.dumps(_metadata(manifest.version), indent=4) + "\n")
    _write(pack / "README.md", pack_readme(made))
    for name in (".secrets-ignore", ".pack-ignore"):
        _write(pack / name, "")
    return pack


def code(made: list[PackCommand], version: str) -> str:
    """The integration's Python file."""
    docstring = f"VirusTotal through vtaction serve, for Cortex XSOAR. Generated, version {version}."
    source = embedded(MODULES, docstring, HERE / "host.py", inlined=PLATFORM)
    head, mark, rest = source.partition('"""\n\n')
    table = "\n".join(_entry(one) for one in made)
    return head + mark + _IMPORTS + "\n" + rest.rstrip("\n") + "\n" + _ENTRY.format(commands=table)


def _entry(one: PackCommand) -> str:
    """A line of the table of commands, over several lines."""
    given = {name: value for name, value in one.command._asdict().items() if value and name != "params"}
    params = "".join(
        f"{' ' * 12}{json.dumps(name)}: {json.dumps(kind)},\n" for name, kind in one.command.params.items()
    )
    fields = "".join(f"{' ' * 8}{name}={json.dumps(value)},\n" for name, value in given.items())
    return f"    {json.dumps(one.name)}: Command(\n{fields}{' ' * 8}params={{\n{params}{' ' * 8}}},\n    ),"


def _metadata(version: str) -> dict[str, Any]:
    return {
        "name": NAME,
        "description": DESCRIPTION,
        "support": "community",
        "currentVersion": version,
        "author": "vt_connectors",
        "url": "",
        "email": "",
        "created": _CREATED,
        "categories": ["Data Enrichment & Threat Intelligence"],
        "tags": [],
        "useCases": [],
        "keywords": ["VirusTotal", "quota", "cache"],
        "marketplaces": ["xsoar", "marketplacev2"],
    }


def _yaml(document: dict[str, Any]) -> str:
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120))


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
