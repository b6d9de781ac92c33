"""What a file did in sandboxes, for Python callers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .answers import Answer, answer_fields

Severity = Literal["high", "medium", "low", "info", "unknown"]


@dataclass(frozen=True)
class Technique:
    """One technique of MITRE ATT&CK, with the worst severity of its signatures and the sandboxes that saw it."""

    id: str
    name: str | None
    severity: Severity
    tactics: tuple[str, ...]
    sandboxes: tuple[str, ...]
    signatures: tuple[str, ...]


@dataclass(frozen=True)
class DroppedFile:
    """A file that was left behind."""

    path: str | None
    sha256: str | None


@dataclass(frozen=True)
class RegistryValue:
    """A registry key that was set, and its value."""

    key: str | None
    value: str | None


@dataclass(frozen=True)
class DnsLookup:
    """A name that was resolved, and its addresses."""

    host: str | None
    ips: tuple[str, ...]


@dataclass(frozen=True)
class NetworkConnection:
    """A connection to an address."""

    ip: str | None
    port: int | None
    protocol: str | None


@dataclass(frozen=True)
class HttpRequest:
    """A request by HTTP."""

    method: str | None
    url: str | None


@dataclass(frozen=True)
class Activity:
    """What a file did, in all sandboxes together. Each field has at most 100 values."""

    processes: tuple[str, ...]
    commands: tuple[str, ...]
    files_written: tuple[str, ...]
    files_deleted: tuple[str, ...]
    files_dropped: tuple[DroppedFile, ...]
    registry_keys_set: tuple[RegistryValue, ...]
    registry_keys_deleted: tuple[str, ...]
    dns: tuple[DnsLookup, ...]
    connections: tuple[NetworkConnection, ...]
    http: tuple[HttpRequest, ...]
    mutexes: tuple[str, ...]
    services: tuple[str, ...]
    modules: tuple[str, ...]
    tags: tuple[str, ...]
    verdicts: tuple[str, ...]

    @classmethod
    def from_dict(cls, summary: Mapping[str, Any]) -> Activity:
        """From `data.summary` of an answer."""
        texts = {name: tuple(summary.get(name) or ()) for name in _TEXTS}
        return cls(
            **texts,
            files_dropped=tuple(
                DroppedFile(row.get("path"), row.get("sha256")) for row in _rows(summary, "files_dropped")
            ),
            registry_keys_set=tuple(
                RegistryValue(row.get("key"), row.get("value")) for row in _rows(summary, "registry_keys_set")
            ),
            dns=tuple(DnsLookup(row.get("host"), tuple(row.get("ips") or ())) for row in _rows(summary, "dns")),
            connections=tuple(
                NetworkConnection(row.get("ip"), row.get("port"), row.get("protocol"))
                for row in _rows(summary, "connections")
            ),
            http=tuple(HttpRequest(row.get("method"), row.get("url")) for row in _rows(summary, "http")),
        )


_TEXTS = (
    *("processes", "commands", "files_written", "files_deleted", "registry_keys_deleted", "mutexes", "services"),
    *("modules", "tags", "verdicts"),
)


def _rows(summary: Mapping[str, Any], name: str) -> Iterable[Mapping[str, Any]]:
    return summary.get(name) or ()


@dataclass(frozen=True)
class Behaviour(Answer):
    """The answer of `behaviour`. `techniques`: the worst first. `activity`: None unless the part `summary` was
    requested and VirusTotal has it.

    `reason`: `no_behaviour` with the status `not_found`, or why it was skipped.
    """

    indicator: str
    techniques: tuple[Technique, ...]
    activity: Activity | None
    reason: str | None

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Behaviour:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        data = document["data"]
        techniques = tuple(
            Technique(
                each["id"],
                each.get("name"),
                each["severity"],
                *(tuple(each.get(name) or ()) for name in ("tactics", "sandboxes", "signatures")),
            )
            for each in data.get("techniques") or ()
        )
        return cls(
            **fields,
            indicator=data["indicator"],
            techniques=techniques,
            activity=Activity.from_dict(data["summary"]) if "summary" in data else None,
            reason=data.get("reason"),
        )
