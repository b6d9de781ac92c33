"""Parses API v3's objects. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Conflict, InvalidResponse
from ..indicators import Indicator
from . import identity
from .coerce import epoch, mapping, text, texts
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
    return Comment(
        text=text(attributes.get("text")) or "",
        comment_id=text(vt_object.get("id")),
        date=epoch(attributes.get("date")),
        tags=tuple(texts(attributes.get("tags")) or ()),
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


def being_scanned(conflict: Conflict) -> Conflict:
    """The 409 for a scan, which is temporary, unlike that for a comment."""
    return Conflict(
        f"VirusTotal is already scanning the same file or URL ({conflict.message}); try again in a minute",
        http_status=conflict.http_status,
        vt_code=conflict.vt_code,
        retryable=True,
    )


def no_such_call() -> InvalidResponse:
    """The error for a 404 of a call that has no unknown objects."""
    return InvalidResponse("VirusTotal does not know this call (HTTP 404); check VT_API_URL", http_status=404)


def analysis_id_of(
    answer: Mapping[str, Any],
    indicator: Indicator,
    hashes: Mapping[str, str] | None = None,
    vt_type: str = "analysis",
) -> str:
    """The id of the analysis of `indicator`; in 2019 some were bare numbers."""
    data = mapping(answer.get("data"))
    found = data.get("id")
    if data.get("type") != vt_type or isinstance(found, bool) or not isinstance(found, (str, int)) or found == "":
        raise InvalidResponse(f"VirusTotal's response is not a {vt_type} object", http_status=200)
    if indicator.kind in ("hash", "url"):
        # The form of the id for a domain or an address is not documented.
        identity.check_submission(str(found), indicator, hashes)
    return str(found)
