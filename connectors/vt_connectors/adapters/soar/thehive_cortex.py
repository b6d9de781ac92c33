"""TheHive Cortex: an analyzer's or a responder's job to a request, and its response to the job's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .exchange import request
from .outcome import (
    FOUND,
    PENDING,
    SKIPPED,
    UNKNOWN,
    is_answer,
    is_harmless,
    message_of,
    outcome_of,
    ratio_of,
    verdict_of,
)

# The data types of Cortex that VirusTotal has reports on, and what they are called here. A file is asked for by hash.
KINDS = {"hash": "hash", "domain": "domain", "fqdn": "domain", "ip": "ip", "url": "url", "file": "hash"}
# A job ends after this many seconds; the wait for quota and the wait for a scan together are shorter.
LONGEST_S = 900.0
_QUOTA_WAIT_S, _SCAN_WAIT_S = 240, 600
_MOST_ARTIFACTS = 100
_LEVELS = {"malicious": "malicious", "suspicious": "suspicious"}
_SAID = {UNKNOWN: "not found", PENDING: "scan pending", SKIPPED: "not sent"}
_NAMESPACE = "VT"


class CortexAnalyzer:
    """`given`: `service` (the flavour), `dataType`, `data`; of a file `sha256`, and for a scan `path`, or `content`
    (base64) and `filename`. The output is {"error"} or {"full", "taxonomies", "artifacts"}.
    """

    def requests(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        action, params = _asked(given)
        return [request(action, params, max_wait_s=_QUOTA_WAIT_S)]

    def output(self, given: Mapping[str, Any], responses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        [response] = responses
        if not is_answer(response):
            return {"error": message_of(response)}
        return {
            "full": full_report(response),
            "taxonomies": [_taxonomy(str(given["service"]), response)],
            "artifacts": [{"dataType": kind, "data": value} for kind, value in _related(given, response)],
        }


class CortexResponder:
    """`given`: the artifact of a case, `dataType`, `data` or `attachment`. The output is {"error"} or
    {"full", "operations"}; the operations tag the artifact with the verdict.
    """

    def requests(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        attachment = given.get("attachment") or {}
        # SHA-256 is the longest of an attachment's hashes.
        value = max(attachment.get("hashes") or (), key=len, default=None) or given.get("data")
        return [request("lookup", _lookup(given.get("dataType"), value), max_wait_s=_QUOTA_WAIT_S)]

    def output(self, given: Mapping[str, Any], responses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        [response] = responses
        if not is_answer(response):
            return {"error": message_of(response)}
        tags = {FOUND: f"VT:{verdict_of(response)}", UNKNOWN: "VT:not found"}
        tag = tags.get(outcome_of(response))
        operations = [{"type": "AddTagToArtifact", "tag": tag}] if tag else []
        return {"full": full_report(response), "operations": operations}


def full_report(response: Mapping[str, Any]) -> dict[str, Any]:
    """What the templates show."""
    meta = response.get("meta") or {}
    return {
        "message": message_of(response),
        "outcome": outcome_of(response),
        "verdict": verdict_of(response),
        "ratio": ratio_of(response),
        "data": response.get("data"),
        "meta": {name: meta.get(name) for name in ("source", "fetched_at", "age_s", "requests")},
    }


def _asked(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    service, kind, value = given["service"], given["dataType"], given.get("data")
    if service == "scan" and kind == "file":
        names = ("path", "filename", "content_base64")
        return "scan_file", {**{name: given[name] for name in names if given.get(name)}, "wait_s": _SCAN_WAIT_S}
    if service == "scan":
        return "scan_url", {"url": value, "wait_s": _SCAN_WAIT_S}
    if service == "rescan":
        return "rescan_file", {"hash": value, "wait_s": _SCAN_WAIT_S}
    if service == "passivedns":
        return "passive_dns", {KINDS.get(kind, "domain"): value}
    return "lookup", _lookup(kind, given.get("sha256") if kind == "file" else value)


def _lookup(kind: Any, value: Any) -> dict[str, Any]:
    known = KINDS.get(kind)
    return {"value": value, "type": known} if known else {"value": value}


def _taxonomy(service: str, response: Mapping[str, Any]) -> dict[str, str]:
    """`undetected` is `info`, because it does not mean harmless."""
    level = "safe" if is_harmless(response) else _LEVELS.get(verdict_of(response), "info")
    rows = (response.get("data") or {}).get("resolutions")
    count = "" if rows is None else f"{len(rows)} resolution{'' if len(rows) == 1 else 's'}"
    value = _SAID.get(outcome_of(response)) or count or ratio_of(response) or verdict_of(response)
    return {"level": level, "namespace": _NAMESPACE, "predicate": service, "value": value}


def _related(given: Mapping[str, Any], response: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Other observables of the same object: a file's other hashes, a URL's target, names and addresses."""
    data = response.get("data") or {}
    found = [("hash", value) for value in (data.get("hashes") or {}).values()]
    if data.get("final_url"):
        found.append(("url", data["final_url"]))
    for row in data.get("resolutions") or ():
        found += [("domain", row.get("host")), ("ip", row.get("ip"))]
    own = {str(given.get("data") or "").lower(), str(data.get("indicator") or "").lower()}
    other = {pair: None for pair in found if pair[1] and pair[1].lower() not in own}
    return list(other)[:_MOST_ARTIFACTS]
