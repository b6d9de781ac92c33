"""The codec of OpenCTI: an observable to a request, and its response to STIX 2.1 objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .exchange import Codec, request
from .opencti_note import AUTHOR, note
from .outcome import FOUND, detections, is_answer, is_harmless, message_of, outcome_of, verdict_of

# STIX types and our kinds. `hostname` is OpenCTI's own.
KINDS: Mapping[str, str] = {
    "artifact": "hash",
    "domain-name": "domain",
    "file": "hash",
    "hostname": "domain",
    "ipv4-addr": "ip",
    "ipv6-addr": "ip",
    "url": "url",
}
# The strongest first: OpenCTI's observable may have several.
_HASHES = {"SHA-256": "sha256", "SHA-1": "sha1", "MD5": "md5"}
# Where OpenCTI keeps what STIX has no place for.
EXTENSION = "extension-definition--f93e2c80-4231-4f9a-af8b-95c9bd566a82"
# The beginning of attributes that the extension replaces: both would contradict each other.
_OLDER = "x_opencti_"
_MOST_TAGS, _MOST_NAMES = 20, 20


class Observable(NamedTuple):
    """`objects`: the STIX objects that OpenCTI sent; one of them has the id `entity`."""

    entity: str
    objects: Sequence[Mapping[str, Any]]


class Enriched(NamedTuple):
    """`objects`: those that were given, with the observable changed, and new ones. `message` is shown in OpenCTI."""

    objects: Sequence[Mapping[str, Any]]
    message: str
    is_changed: bool
    is_failure: bool


class OpenctiCodec(Codec[Observable, Enriched]):
    """The score, labels, names, hashes and a link on the observable itself, and a note about the report."""

    def requests(self, given: Observable) -> list[dict[str, Any]]:
        """None for an observable that VirusTotal knows nothing about, such as an e-mail address."""
        entity = _entity(given)
        kind, value = KINDS.get(str(entity.get("type"))), _value(entity)
        if kind is None or value is None:
            return []
        return [request("lookup", {"value": value, "type": kind})]

    def output(self, given: Observable, responses: Sequence[Mapping[str, Any]]) -> Enriched:
        """See `exchange.Codec`."""
        if not responses:
            entity = _entity(given)
            return Enriched(given.objects, f"nothing to look up for this {entity.get('type')}", False, False)
        (response,) = responses
        message = message_of(response)
        if outcome_of(response) != FOUND:
            return Enriched(given.objects, message, False, not is_answer(response))
        entity = _changed(_entity(given), response)
        objects = [entity if item["id"] == given.entity else item for item in given.objects]
        new = [AUTHOR, note(entity, response)]
        kept = [item for item in objects if item["id"] not in {added["id"] for added in new}]
        return Enriched([*kept, *new], message, True, False)


def _entity(given: Observable) -> Mapping[str, Any]:
    return next(item for item in given.objects if item["id"] == given.entity)


def _value(entity: Mapping[str, Any]) -> str | None:
    hashes = entity.get("hashes") or {}
    known = [hashes[name] for name in _HASHES if hashes.get(name)]
    value = known[0] if known else entity.get("value")
    return str(value) if value else None


def score(response: Mapping[str, Any]) -> int | None:
    """OpenCTI's score, 0 to 100. None if VirusTotal has no opinion: then the observable keeps its own."""
    found = detections(response)
    verdict = verdict_of(response)
    if verdict == "malicious":
        objecting, total = found or (0, 0)
        return 70 + (30 * objecting // total if total else 0)
    if verdict == "suspicious":
        return 50
    # `undetected` does not mean harmless.
    return (10 if is_harmless(response) else 25) if verdict == "undetected" else None


def _changed(entity: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    data = response["data"]
    extensions = dict(entity.get("extensions") or {})
    own = {"extension_type": "property-extension", **(extensions.get(EXTENSION) or {})}
    names = (data.get("names") or [])[:_MOST_NAMES] if entity["type"] == "file" else []
    new = {
        "score": score(response),
        "labels": _together(_older(entity, own, "labels"), _new_labels(response)),
        "external_references": _links(_older(entity, own, "external_references"), response),
        "additional_names": _together(_older(entity, own, "additional_names"), names),
    }
    own.update({name: value for name, value in new.items() if value not in (None, [])})
    kept = {name: value for name, value in entity.items() if name.partition(_OLDER)[2] not in own}
    return {**kept, **_file_facts(entity, data), "extensions": {**extensions, EXTENSION: own}}


def _older(entity: Mapping[str, Any], own: Mapping[str, Any], name: str) -> list[Any]:
    return list(own.get(name) or entity.get(_OLDER + name) or [])


def _links(links: list[Any], response: Mapping[str, Any]) -> list[Any]:
    address = response["data"].get("link")
    if not address:
        return links
    link = {"source_name": AUTHOR["name"], "url": address, "description": message_of(response)}
    return [item for item in links if item.get("url") != address] + [link]


def _new_labels(response: Mapping[str, Any]) -> list[str]:
    """A verdict that calls for action, and VirusTotal's tags."""
    verdict = verdict_of(response)
    verdicts = [f"vt:{verdict}"] if verdict in ("malicious", "suspicious") else []
    return verdicts + list(response["data"].get("tags") or [])[:_MOST_TAGS]


def _file_facts(entity: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The other hashes of a file, and what the observable does not have."""
    if KINDS[entity["type"]] != "hash":
        return {}
    known = data.get("hashes") or {}
    hashes = {name: known[ours] for name, ours in _HASHES.items() if known.get(ours)}
    facts: dict[str, Any] = {"hashes": {**(entity.get("hashes") or {}), **hashes}}
    if entity["type"] == "file":
        found = {"size": data.get("size"), "name": next(iter(data.get("names") or []), None)}
        facts.update({name: value for name, value in found.items() if value and not entity.get(name)})
    return facts


def _together(first: Sequence[str], more: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*first, *more]))
