"""A response of the core as the fields that an event gets."""

from __future__ import annotations

import calendar
import json
from collections.abc import Mapping, Sequence
from typing import Any, Union

Cell = Union[str, "list[str]"]
Columns = dict[str, Cell]

_COUNTS = ("malicious", "suspicious", "harmless", "undetected", "total")
_TEXTS = ("label", "type", "country", "owner", "registrar", "link")
LISTS = ("names", "tags", "categories")
NAMES = (
    "status",
    "verdict",
    "malicious",
    "suspicious",
    "harmless",
    "undetected",
    "total",
    "detections",
    "reputation",
    "label",
    "names",
    "tags",
    "type",
    "country",
    "asn",
    "owner",
    "registrar",
    "categories",
    "first_seen",
    "last_analysis",
    "link",
    "source",
    "age",
    "error",
    "worst_verdict",
)
RAW = "raw"
_WORST_FIRST = ("malicious", "suspicious", "undetected", "unknown")
# Between the values of a list where the field itself is multivalued, one value an indicator.
_WITHIN = ", "


def names(raw: bool) -> tuple[str, ...]:
    """The fields every event gets, less the prefix, in order."""
    return (*NAMES, RAW) if raw else NAMES


def empty() -> Columns:
    """For an event whose field is empty."""
    return dict.fromkeys((*NAMES, RAW), "")


def of_response(response: Mapping[str, Any]) -> Columns:
    """One indicator's fields. Times are epoch seconds, counts plain integers; what VirusTotal did not say is empty."""
    data, meta = response["data"] or {}, response["meta"]
    columns = empty()
    columns["status"], columns["error"] = _status(response)
    columns["verdict"] = columns["worst_verdict"] = _text(data.get("verdict"))
    for name in (*_TEXTS, "reputation", "asn"):
        columns[name] = _text(data.get(name))
    for name in LISTS:
        columns[name] = list(data.get(name) or [])
    for name in ("first_seen", "last_analysis"):
        columns[name] = _epoch(data.get(name))
    columns["source"], columns["age"] = _text(meta["source"]), _text(meta["age_s"])
    columns.update(_stats(data.get("stats")))
    if RAW in data:
        columns[RAW] = json.dumps(data[RAW], ensure_ascii=False, separators=(",", ":"))
    return columns


def _status(response: Mapping[str, Any]) -> tuple[str, str]:
    """The contract's status, and `pending` for what waits for quota, or did when the search was ended."""
    error = response["error"]
    if error is None:
        return response["status"], ""
    return "pending" if error["code"] in (
        "rate_limited",
        "cancelled",
    ) else "error", f"{error['code']}: {error['message']}"


def _stats(stats: Mapping[str, int] | None) -> Columns:
    if stats is None:
        return {}
    counts: Columns = {name: str(stats[name]) for name in _COUNTS}
    counts["detections"] = f"{stats['malicious'] + stats['suspicious']}/{stats['total']}"
    return counts


def side_by_side(rows: Sequence[Columns]) -> Columns:
    """The fields of an event with several indicators: one value an indicator, in order, and the worst verdict."""
    joined: Columns = {name: [_one(row[name]) for row in rows] for name in (*NAMES, RAW)}
    verdicts = {row["verdict"] for row in rows}
    joined["worst_verdict"] = next((verdict for verdict in _WORST_FIRST if verdict in verdicts), "")
    if not any(joined[RAW]):
        joined[RAW] = ""
    return joined


def _one(cell: Cell) -> str:
    return cell if isinstance(cell, str) else _WITHIN.join(cell)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _epoch(text: str | None) -> str:
    """Of the contract's `2026-01-02T03:04:05Z`; `strptime` takes ten times as long."""
    if text is None:
        return ""
    year, month, day, hour, minute, second = map(int, (text[:4], text[5:7], text[8:10], *text[11:19].split(":")))
    return str(calendar.timegm((year, month, day, hour, minute, second)))
