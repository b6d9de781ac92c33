"""The note about a report, and who it is from, as STIX 2.1 objects."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from .markdown import table
from .outcome import detections, message_of, verdict_of

# Ids are made of what they stand for, so that the same note is not stored twice.
_NAMESPACE = uuid.UUID("b0f6f3c7-6f1c-4b0c-9a57-6f0a3c1b7d52")
_MOST_ENGINES = 30


def _id(kind: str, of: str) -> str:
    return f"{kind}--{uuid.uuid5(_NAMESPACE, of)}"


AUTHOR: Mapping[str, Any] = {
    "type": "identity",
    "spec_version": "2.1",
    "id": _id("identity", "VirusTotal"),
    "created": "2020-01-01T00:00:00.000Z",
    "modified": "2020-01-01T00:00:00.000Z",
    "name": "VirusTotal",
    "identity_class": "organization",
}


def note(entity: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    """The note about the observable `entity`, with its markings. A later note about it replaces an earlier one."""
    # STIX wants milliseconds.
    when = str(response["meta"]["fetched_at"]).replace("Z", ".000Z")
    made = {
        "type": "note",
        "spec_version": "2.1",
        "id": _id("note", str(entity["id"])),
        "created_by_ref": AUTHOR["id"],
        "created": when,
        "modified": when,
        "abstract": f"VirusTotal: {message_of(response)}",
        "content": table(list(_rows(response))),
        "authors": [AUTHOR["name"]],
        "object_refs": [entity["id"]],
    }
    markings = entity.get("object_marking_refs")
    return {**made, "object_marking_refs": list(markings)} if markings else made


def _rows(response: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    data = response["data"]
    yield "Verdict", verdict_of(response)
    found = detections(response)
    if found:
        yield "Detections", f"{found[0]} of {found[1]} engines"
    for name, title in _TEXTS.items():
        if data.get(name) not in (None, ""):
            yield title, str(data[name])
    engines = [f"{one['engine']}: {one.get('result')}" for one in data.get("detected_by") or []]
    for title, texts in (
        ("Names", data.get("names")),
        ("Tags", data.get("tags")),
        ("Detected by", engines),
    ):
        if texts:
            more = f" and {len(texts) - _MOST_ENGINES} more" if len(texts) > _MOST_ENGINES else ""
            yield title, ", ".join(texts[:_MOST_ENGINES]) + more


_TEXTS = {
    "label": "Threat",
    "file_type": "Type",
    "size": "Size in bytes",
    "reputation": "Community score",
    "first_seen": "First seen",
    "last_analysis": "Last analysis",
    "link": "Report",
}
