"""Parses API v3's objects. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InvalidResponse
from .coerce import epoch, mapping, text
from .port import Comment, Resolution


def object_of(answer: dict[str, Any], kind: str) -> dict[str, Any]:
    """The object of a response, if it is of `kind`. Only `type` and `id` are guaranteed."""
    data = answer.get("data")
    if not isinstance(data, dict) or data.get("type") != kind or not isinstance(data.get("id"), str):
        raise InvalidResponse(f"VirusTotal's response is not a {kind} object", http_status=200)
    return data


def row_of(item: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """A row of a list, if it is of `kind`."""
    if item.get("type", kind) != kind:
        raise InvalidResponse(f"a row of VirusTotal's response is not a {kind} object", http_status=200)
    return item


def comment_of(vt_object: Mapping[str, Any]) -> Comment:
    """Parse a comment's object."""
    attributes = mapping(vt_object.get("attributes"))
    tags = attributes.get("tags")
    return Comment(
        text=text(attributes.get("text")) or "",
        comment_id=text(vt_object.get("id")),
        date=epoch(attributes.get("date")),
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
    )


def resolution_of(vt_object: Mapping[str, Any]) -> Resolution:
    """Parse a resolution's object."""
    attributes = mapping(vt_object.get("attributes"))
    return Resolution(
        host=text(attributes.get("host_name")),
        ip=text(attributes.get("ip_address")),
        date=epoch(attributes.get("date")),
        resolver=text(attributes.get("resolver")),
    )
