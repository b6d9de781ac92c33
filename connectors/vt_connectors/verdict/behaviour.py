"""VirusTotal's reports of sandboxes to the contract's `summary` and `techniques`. Pure, and every value is optional.

Source: https://docs.virustotal.com/reference/get-a-summary-of-all-behavior-reports-for-a-file and
https://docs.virustotal.com/reference/get-a-summary-of-all-mitre-attck-techniques-observed-in-a-file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .report import mapping, text

Technique = dict[str, Any]

# The worst first.
SEVERITIES = ("high", "medium", "low", "info", "unknown")
_MOST_ROWS = 100
_MOST_TEXT = 1000
_MOST_SIGNATURES = 20
# Lists of text, by our name and VirusTotal's.
_TEXTS = {
    "processes": "processes_created",
    "commands": "command_executions",
    "files_written": "files_written",
    "files_deleted": "files_deleted",
    "registry_keys_deleted": "registry_keys_deleted",
    "mutexes": "mutexes_created",
    "services": "services_created",
    "modules": "modules_loaded",
    "tags": "tags",
    "verdicts": "verdicts",
}
# Lists of objects: our name, VirusTotal's, and the fields by our names and VirusTotal's.
_OBJECTS: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("files_dropped", "files_dropped", {"path": "path", "sha256": "sha256"}),
    ("registry_keys_set", "registry_keys_set", {"key": "key", "value": "value"}),
    ("dns", "dns_lookups", {"host": "hostname", "ips": "resolved_ips"}),
    (
        "connections",
        "ip_traffic",
        {"ip": "destination_ip", "port": "destination_port", "protocol": "transport_layer_protocol"},
    ),
    ("http", "http_conversations", {"method": "request_method", "url": "url"}),
)
# The fields of these objects that are not text, by our names.
_LISTS, _NUMBERS = frozenset(("ips",)), frozenset(("port",))


def summary_of_behaviour(data: Mapping[str, Any]) -> dict[str, Any]:
    """The lists of `data`, each with at most 100 values of at most 1,000 characters. Empty lists are left out."""
    found: dict[str, Any] = {ours: _texts(data.get(theirs)) for ours, theirs in _TEXTS.items()}
    for ours, theirs, fields in _OBJECTS:
        found[ours] = _rows(data.get(theirs), fields)
    return {name: values for name, values in sorted(found.items()) if values}


def techniques_of(trees: Mapping[str, Any]) -> list[Technique]:
    """The techniques in the trees of all sandboxes, each once: with its worst severity, the worst technique first.

    `trees`: by sandbox, its tactics with their techniques.
    """
    found: dict[str, Technique] = {}
    for sandbox, tactic, seen in _seen(trees):
        number = text(seen.get("id"))
        if number is None:
            continue
        technique = found.setdefault(number, _new(number, seen))
        _add(technique["tactics"], text(tactic.get("name")) or text(tactic.get("id")))
        _add(technique["sandboxes"], sandbox)
        for signature in _mappings(seen.get("signatures")):
            severity = _severity(signature.get("severity"))
            technique["severity"] = min(technique["severity"], severity, key=SEVERITIES.index)
            _add(technique["signatures"], text(signature.get("description")))
    ordered = sorted(found.values(), key=lambda each: (SEVERITIES.index(each["severity"]), each["id"]))
    for technique in ordered:
        technique["signatures"] = technique["signatures"][:_MOST_SIGNATURES]
    return ordered[:_MOST_ROWS]


def _new(number: str, seen: Mapping[str, Any]) -> Technique:
    """A technique without a signature has an unknown severity."""
    technique: Technique = {"id": number, "name": _cut(text(seen.get("name")) or "")}
    return {**technique, "severity": "unknown", "tactics": [], "sandboxes": [], "signatures": []}


def _seen(trees: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    for sandbox, tree in trees.items():
        for tactic in _mappings(mapping(tree).get("tactics")):
            for technique in _mappings(tactic.get("techniques")):
                yield _cut(str(sandbox)), tactic, technique


def _severity(value: object) -> str:
    """VirusTotal's `HIGH` or `IMPACT_SEVERITY_HIGH`."""
    told = str(value).rpartition("_")[2].lower()
    return told if told in SEVERITIES else "unknown"


def _add(values: list[str], value: str | None) -> None:
    if value is not None and _cut(value) not in values:
        values.append(_cut(value))


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    texts = [_cut(item) for item in value if isinstance(item, str)] if isinstance(value, list) else []
    return list(dict.fromkeys(texts))[:_MOST_ROWS]


def _rows(value: object, fields: Mapping[str, str]) -> list[dict[str, Any]]:
    rows = [{ours: _field(ours, item.get(theirs)) for ours, theirs in fields.items()} for item in _mappings(value)]
    kept = [{name: found for name, found in row.items() if found not in (None, [])} for row in rows]
    return [row for row in kept if row][:_MOST_ROWS]


def _field(name: str, value: object) -> str | int | list[str] | None:
    """The value of a row's field; None if it has another type than the field."""
    if name in _LISTS:
        return _texts(value)
    if name in _NUMBERS:
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    return _cut(value) if isinstance(value, str) else None


def _cut(value: str) -> str:
    return value if len(value) <= _MOST_TEXT else value[:_MOST_TEXT] + "..."
