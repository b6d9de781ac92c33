"""The names of XSOAR's library that the pack uses, with the behaviour that it relies on. As strict as XSOAR about what
they take: an unknown field, score, type or relationship raises.
"""
# ruff: noqa: N999, N803

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import demistomock as demisto

_RELATIONSHIPS = [
    *("communicates-with", "communicated-by", "drops", "executed-by", "hosted-on", "related-to"),
    *("resolved-from", "resolves-to", "supra-domain-of"),
]
_TYPES = ("Domain", "File", "IP", "IPv6", "URL")
_RELIABILITIES = ("A+ - 3rd party enrichment", "C - Fairly reliable", "F - Reliability cannot be judged")


class EntryType:
    NOTE, ERROR, WARNING, EXECUTION_METRICS = 1, 4, 11, 19


class _Indicator:
    """Writes its fields below `root`, in the names of the context."""

    root = ""
    key = ""
    known: ClassVar[Mapping[str, str]] = {}

    def __init__(self, dbot_score: Any, relationships: Any = None, **fields: Any) -> None:
        unknown = set(fields) - set(self.known)
        if unknown:
            raise TypeError(f"unexpected keyword arguments {sorted(unknown)}")
        self.dbot_score, self.relationships = dbot_score, relationships
        self.fields = {self.known[name]: value for name, value in fields.items() if value}

    def to_context(self) -> dict[str, Any]:
        context = dict(self.fields)
        if self.dbot_score.score == 3:
            context["Malicious"] = {"Vendor": "VTLookup", "Description": self.dbot_score.malicious_description}
        return {f"{self.root}({self.key})": context, **self.dbot_score.to_context()}


class Common:
    class DBotScore:
        NONE, GOOD, SUSPICIOUS, BAD = range(4)

        def __init__(
            self,
            indicator: str,
            indicator_type: str,
            integration_name: str = "",
            score: int | None = None,
            malicious_description: str | None = None,
            reliability: str | None = None,
            message: str | None = None,
        ) -> None:
            if score not in range(4) or indicator_type not in ("file", "url", "domain", "ip"):
                raise TypeError("no score, or no type of XSOAR's")
            if reliability and reliability not in _RELIABILITIES:
                raise TypeError("no reliability of XSOAR's")
            self.score, self.malicious_description = score, malicious_description
            self._context = {"Indicator": indicator, "Type": indicator_type, "Vendor": integration_name, "Score": score}
            self._context.update(Reliability=reliability, Message=message)

        def to_context(self) -> dict[str, Any]:
            return {"DBotScore(val.Indicator == obj.Indicator)": self._context}

    class File(_Indicator):
        root, key = "File", "val.SHA256 == obj.SHA256"
        known: ClassVar = {
            "md5": "MD5",
            "sha1": "SHA1",
            "sha256": "SHA256",
            "name": "Name",
            "size": "Size",
            "file_type": "Type",
            "extension": "Extension",
            "ssdeep": "SSDeep",
            "imphash": "Imphash",
            "malware_family": "MalwareFamily",
            "associated_file_names": "AssociatedFileNames",
            "digital_signature__publisher": "DigitalSignature",
            "tags": "Tags",
        }

    class URL(_Indicator):
        root, key = "URL", "val.Data == obj.Data"
        known: ClassVar = {
            "url": "Data",
            "detection_engines": "DetectionEngines",
            "positive_detections": "PositiveDetections",
            "category": "Category",
            "tags": "Tags",
        }

    class Domain(_Indicator):
        root, key = "Domain", "val.Name == obj.Name"
        known: ClassVar = {
            "domain": "Name",
            "detection_engines": "DetectionEngines",
            "positive_detections": "PositiveDetections",
            "registrar_name": "Registrar",
            "creation_date": "CreationDate",
            "updated_date": "UpdatedDate",
            "expiration_date": "ExpirationDate",
            "tags": "Tags",
        }

    class IP(_Indicator):
        root, key = "IP", "val.Address == obj.Address"
        known: ClassVar = {
            "ip": "Address",
            "detection_engines": "DetectionEngines",
            "positive_engines": "PositiveEngines",
            "asn": "ASN",
            "as_owner": "ASOwner",
            "geo_country": "Geo",
            "tags": "Tags",
        }


class EntityRelationship:
    def __init__(
        self,
        name: str,
        entity_a: str,
        entity_a_type: str,
        entity_b: str,
        entity_b_type: str,
        source_reliability: str = "",
        brand: str = "",
    ) -> None:
        if name not in _RELATIONSHIPS or entity_a_type not in _TYPES or entity_b_type not in _TYPES:
            raise ValueError(f"no relationship of XSOAR's: {name}, {entity_a_type}, {entity_b_type}")
        self._entry = {"name": name, "entityA": entity_a, "entityAType": entity_a_type}
        self._entry.update(entityB=entity_b, entityBType=entity_b_type, brand=brand)

    def to_entry(self) -> dict[str, str]:
        return self._entry


class ScheduledCommand:
    def __init__(
        self, command: str, next_run_in_seconds: int, args: dict[str, Any], timeout_in_seconds: int | None = None
    ) -> None:
        self._entry = {"PollingCommand": command, "NextRun": str(next_run_in_seconds), "PollingArgs": args}
        self._entry["Timeout"] = str(timeout_in_seconds)

    def to_results(self) -> dict[str, Any]:
        return self._entry


class CommandResults:
    def __init__(
        self,
        outputs_prefix: str | None = None,
        outputs_key_field: str | None = None,
        outputs: Any = None,
        indicator: Any = None,
        readable_output: str | None = None,
        raw_response: Any = None,
        entry_type: int = EntryType.NOTE,
        ignore_auto_extract: bool = False,
        relationships: Sequence[EntityRelationship] | None = None,
        scheduled_command: ScheduledCommand | None = None,
        execution_metrics: Any = None,
    ) -> None:
        self._given = vars() | {}

    def to_entry(self) -> dict[str, Any]:
        given = self._given
        key = f"(val.{given['outputs_key_field']})" if given["outputs_key_field"] else ""
        context = {f"{given['outputs_prefix']}{key}": given["outputs"]} if given["outputs"] else {}
        context.update(given["indicator"].to_context() if given["indicator"] else {})
        scheduled = given["scheduled_command"]
        metrics = given["execution_metrics"]
        return {
            "Type": EntryType.EXECUTION_METRICS if metrics else given["entry_type"],
            "Contents": given["raw_response"] if given["raw_response"] is not None else given["outputs"],
            "HumanReadable": given["readable_output"],
            "EntryContext": context,
            "IgnoreAutoExtract": given["ignore_auto_extract"],
            "Relationships": [relationship.to_entry() for relationship in given["relationships"] or ()],
            **(scheduled.to_results() if scheduled else {}),
            **({"APIExecutionMetrics": metrics} if metrics else {}),
        }


class ExecutionMetrics:
    def __init__(
        self,
        success: int = 0,
        quota_error: int = 0,
        general_error: int = 0,
        auth_error: int = 0,
        service_error: int = 0,
        connection_error: int = 0,
        timeout_error: int = 0,
    ) -> None:
        counts = {name: count for name, count in vars().items() if name != "self" and count}
        self.metrics = CommandResults(execution_metrics=counts) if counts else None

    @staticmethod
    def is_supported() -> bool:
        return True


def handle_proxy() -> None:
    if not demisto.params().get("proxy"):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            os.environ.pop(name, None)


def return_results(results: Any) -> None:
    for result in results if isinstance(results, list) else [results]:
        demisto.results(result.to_entry() if isinstance(result, CommandResults) else result)


def return_error(message: str, error: Any = "") -> None:
    demisto.results({"Type": EntryType.ERROR, "Contents": message})
    sys.exit(0)


def tableToMarkdown(name: str, t: Sequence[Mapping[str, Any]], removeNull: bool = False) -> str:
    """Escapes what would end a cell, and nothing else."""
    heads = list(t[0])
    lines = [
        heads,
        ["---"] * len(heads),
        *([str(row.get(head, "")).replace("|", "\\|") for head in heads] for row in t),
    ]
    return "\n".join([f"### {name}", *(f"|{'|'.join(line)}|" for line in lines)])
