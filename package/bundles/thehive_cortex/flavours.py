"""The definitions of the analyzers and the responder, which Cortex reads."""

from __future__ import annotations

from typing import Any, NamedTuple

from package.bundles.manifest import Manifest

FOLDER = "VTConnectors"
ANALYZER, RESPONDER = "vt_analyzer.py", "vt_responder.py"
_PAGE = "https://www.virustotal.com/"
# TLP and PAP: 0 is clear, 1 green, 2 amber; above is what must stay inside. What is scanned, VirusTotal's users see.
_LOOKUP_LIMIT, _SCAN_LIMIT = 2, 1


class Flavour(NamedTuple):
    """`action`: the one of the registry whose description it has."""

    name: str
    service: str
    action: str
    data_types: tuple[str, ...]
    limit: int


FLAVOURS = (
    Flavour("Lookup", "lookup", "lookup", ("hash", "domain", "fqdn", "ip", "url", "file"), _LOOKUP_LIMIT),
    Flavour("Scan", "scan", "scan_file", ("file", "url"), _SCAN_LIMIT),
    Flavour("Rescan", "rescan", "rescan_file", ("hash",), _LOOKUP_LIMIT),
    Flavour("PassiveDNS", "passivedns", "passive_dns", ("domain", "fqdn", "ip"), _LOOKUP_LIMIT),
)


def version(manifest: Manifest) -> str:
    """The first two parts: a new patch must not need a new set-up in Cortex."""
    return ".".join(manifest.version.split(".")[:2])


def analyzer(flavour: Flavour, manifest: Manifest) -> dict[str, Any]:
    """The content of its JSON file."""
    return {
        **_common(f"{FOLDER}_{flavour.name}", manifest, manifest.action(flavour.action).description, ANALYZER),
        "dataTypeList": list(flavour.data_types),
        "config": {"service": flavour.service, **_limits(flavour.limit)},
    }


def responder(manifest: Manifest) -> dict[str, Any]:
    """The content of its JSON file."""
    return {
        **_common(f"{FOLDER}_Tag", manifest, "Tags an observable with VirusTotal's verdict", RESPONDER),
        "dataTypeList": ["thehive:case_artifact"],
        "config": _limits(_LOOKUP_LIMIT),
    }


def template_folder(flavour: Flavour, manifest: Manifest) -> str:
    """TheHive looks for the templates of an analyzer under its name and version."""
    return f"{FOLDER}_{flavour.name}_{version(manifest).replace('.', '_')}"


def _common(name: str, manifest: Manifest, description: str, program: str) -> dict[str, Any]:
    return {
        "name": name,
        "version": version(manifest),
        "author": "vt-connectors",
        "url": _PAGE,
        "license": "Apache-2.0",
        "description": description,
        "command": f"{FOLDER}/{program}",
        "baseConfig": FOLDER,
        "configurationItems": [
            _item("url", "Address of `vtaction serve`; empty: vt-connectors is installed beside Cortex"),
            _item("key", "Token of the server; without a server VirusTotal's key, if VT_API_KEY_FILE is not set"),
            _item("settings", "Without a server: path of a vt-connectors configuration file, as VT_CONFIG"),
        ],
    }


def _limits(limit: int) -> dict[str, Any]:
    return {"check_tlp": True, "max_tlp": limit, "check_pap": True, "max_pap": limit}


def _item(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "description": description, "type": "string", "multi": False, "required": False}
