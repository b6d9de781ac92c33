"""The plugin's specification, from which Rapid7's generator makes its schemas and its help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..manifest import Action, Manifest, Param
from .referee import RUNTIME
from .wording import description, title

NAME = "vt_connectors"
# The server reads and writes no files of its own machine for a client.
LEFT_OUT_ACTIONS = frozenset(("download_file",))
_NOT_ASKED_FOR = frozenset(("raw", "engines"))
_TYPES = {"number": "float", "object": "object", "string": "string", "integer": "integer", "boolean": "boolean"}
# A validator confuses a time with the same time in the description.
_EXAMPLES = {"since": "2026-02-03T00:00:00Z"}
_FILE = {
    "title": "File",
    "description": "The file to scan, at most 700 kB",
    "type": "file",
    "required": True,
    "example": {"filename": "setup.exe", "content": "UmFwaWQ3IEluc2lnaHRDb25uZWN0Cg=="},
}
_TOLD = {
    "status": ("string", "Whether there is an answer: ok, not_found, pending or skipped", "ok"),
    "found": ("boolean", "Whether VirusTotal has the object, or the action was done", True),
    "message": ("string", "The answer in one sentence", "malicious: 62 of 68 engines (virus.eicar/test)"),
}


def spec(manifest: Manifest) -> dict[str, Any]:
    """The document of plugin.spec.yaml."""
    types: dict[str, Any] = {}
    actions = {
        action.name: {
            "title": title(action.title),
            "description": description(action.description),
            **({"input": inputs} if (inputs := dict(_inputs(action))) else {}),
            "output": {**_told(), **_outputs(action.document["result"], action.name, types)},
        }
        for action in offered(manifest)
    }
    return {**_head(manifest), "types": types, "connection": _connection(), "actions": actions}


def offered(manifest: Manifest) -> list[Action]:
    """The actions of the plugin."""
    return [action for action in manifest.actions if action.name not in LEFT_OUT_ACTIONS]


def _head(manifest: Manifest) -> dict[str, Any]:
    return {
        "plugin_spec_version": "v2",
        "extension": "plugin",
        "products": ["insightconnect"],
        "name": NAME,
        "title": "VT Connectors",
        "description": "Lookups, scans, comments and votes at VirusTotal, through a server that has one cache and one "
        "quota for all its clients",
        "version": manifest.version,
        "connection_version": 1,
        "supported_versions": [f"vtaction serve {manifest.version}"],
        "vendor": "vt_connectors",
        "support": "community",
        "status": [],
        "cloud_ready": False,
        "sdk": {"type": "slim", "version": RUNTIME, "user": "nobody"},
        "key_features": [
            "Look up hashes, URLs, domains and IP addresses",
            "Scan files and URLs, and wait for the verdict",
            "Ask once for all workflows: answers and quota are shared",
        ],
        "requirements": ["A server, started with `vtaction serve`, and a token for it"],
        "troubleshooting": [
            "If the server cannot be reached, check that its address can be reached from the orchestrator"
        ],
        "links": ["[VirusTotal](https://www.virustotal.com)"],
        "references": ["[VirusTotal API](https://docs.virustotal.com/reference/overview)"],
        "version_history": [f"{manifest.version} - Initial plugin"],
        "tags": ["virustotal", "malware", "threat intelligence"],
        "hub_tags": {
            "use_cases": ["data_enrichment", "threat_detection_and_response"],
            "keywords": ["virustotal", "malware"],
            "features": [],
        },
        "resources": {
            "license_url": "https://www.apache.org/licenses/LICENSE-2.0",
            "vendor_url": "https://www.virustotal.com",
        },
    }


def _connection() -> dict[str, Any]:
    return {
        "address": {
            "title": "Address",
            "description": "Address of the server that vtaction serve started",
            "type": "string",
            "required": True,
            "example": "https://vt.example.com",
        },
        "token": {
            "title": "Token",
            "description": "Token of this client, from vtaction serve token add",
            "type": "credential_secret_key",
            "required": True,
            "example": {"secretKey": "vtc_example"},
        },
    }


def _inputs(action: Action) -> Iterator[tuple[str, dict[str, Any]]]:
    for param in action.params:
        if action.name == "scan_file" and param.name in ("path", "content_base64", "filename"):
            if param.name == "path":
                yield "file", _FILE
            continue
        yield param.name, _input(param)


def _input(param: Param) -> dict[str, Any]:
    kind = _TYPES[param.type]
    given: dict[str, Any] = {
        "title": title(param.name),
        "description": description(param.description),
        "type": f"[]{kind}" if param.is_list else kind,
        "required": param.required,
        "example": _example(param),
    }
    if param.default is not None:
        given["default"] = param.default
    if param.choices and not param.is_list:
        given["enum"] = list(param.choices)
    return given


def _example(param: Param) -> Any:
    """The validators want one for each input."""
    if param.name in _EXAMPLES:
        return _EXAMPLES[param.name]
    if param.example is not None:
        return param.example
    if param.default is not None:
        return param.default
    one: Any = (param.choices or ("example",))[0]
    one = {"integer": 1, "number": 1.5, "boolean": True, "object": {}}.get(param.type, one)
    return [one] if param.is_list else one


def _told() -> dict[str, Any]:
    return {
        name: {"title": title(name), "description": text, "type": kind, "required": True, "example": example}
        for name, (kind, text, example) in _TOLD.items()
    }


def _outputs(schema: Mapping[str, Any], owner: str, types: dict[str, Any]) -> dict[str, Any]:
    """The fields of an object. Objects in it become `types`; equal ones of several actions share one."""
    fields = {}
    for name, rules in schema["properties"].items():
        if name in _NOT_ASKED_FOR:
            continue
        is_list = "array" in _kinds(rules)
        inner = rules.get("items", {}) if is_list else rules
        kind = _TYPES[_kinds(inner)[0]]
        if inner.get("properties"):
            kind = _type_named(name, owner, _outputs(inner, f"{owner}_{name}", types), types)
        fields[name] = {
            "title": title(name),
            "description": description(rules.get("description", name)),
            "type": f"[]{kind}" if is_list else kind,
            "required": False,
        }
        if rules.get("examples"):
            fields[name]["example"] = rules["examples"][0]
    return fields


def _type_named(name: str, owner: str, body: dict[str, Any], types: dict[str, Any]) -> str:
    """`name` if it is free or the same type, else with the owner's name."""
    for candidate in (name, f"{owner}_{name}"):
        if types.setdefault(candidate, body) == body:
            return candidate
    raise ValueError(f"two types {owner}_{name}")


def _kinds(rules: Mapping[str, Any]) -> list[str]:
    given = rules.get("type", "object" if "properties" in rules else "string")
    return [given] if isinstance(given, str) else [kind for kind in given if kind != "null"]
