"""Translates a response of the core into the fields of an event."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Union

from .setting_names import in_splunk

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response

Cell = Union[str, "list[str]"]
Columns = dict[str, Cell]

_COUNTS = ("malicious", "suspicious", "harmless", "undetected", "total")
_TEXTS = ("label", "type", "country", "owner", "registrar", "link")
LISTS = ("detected_by", "names", "tags", "categories")
NAMES = (
    "status",
    "verdict",
    "malicious",
    "suspicious",
    "harmless",
    "undetected",
    "total",
    "detections",
    "detected_by",
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
    "reason",
    "queued",
    "worst_verdict",
)
_PLAIN_LISTS = LISTS[1:]
RAW = "raw"
PREFIX = "vt_"
# Only vtlookup adds a field with this name: events that have it got the other fields from an earlier vtlookup.
_SIGN = "worst_verdict"
_EMPTY: Columns = dict.fromkeys((*NAMES, RAW), "")
# PENDING in previews: looked up when the search is final. ENDED: the search ended before the lookup.
PENDING: Columns = {**_EMPTY, "status": "pending", "queued": "false"}
ENDED: Columns = {**PENDING, "error": "cancelled: the search ended before this one's turn"}
_NOT_CACHED = "not_cached"
_AS_THEY_ARE = (*_TEXTS, "verdict", "reputation", "asn")
_EPOCH = datetime(1970, 1, 1)
# Joins the values of a list if the field itself is multivalued, with one value per indicator.
_WITHIN = ", "


def names(raw: bool) -> tuple[str, ...]:
    """The fields that every event gets, without the prefix, in order."""
    return (*NAMES, RAW) if raw else NAMES


def used_by_events(header: Collection[str], wanted: Sequence[str], prefix: str) -> list[str]:
    """Those of the `wanted` new fields that events have already. These are not overwritten.

    Fields that begin with `vt_`, and those of an earlier vtlookup with the same prefix, belong to the app.
    """
    if prefix == PREFIX or prefix + _SIGN in header:
        return []
    return [name for name in wanted if prefix + name in header]


def empty() -> Columns:
    """For an event whose field is empty."""
    return _EMPTY.copy()


def of_response(response: Response) -> Columns:
    """One indicator's fields. Times are epoch seconds, counts plain integers; missing values are empty."""
    data, meta = response["data"] or {}, response["meta"]
    columns = empty()
    columns["status"], columns["error"] = _status(response)
    if columns["status"] == "pending":
        columns["queued"] = "true" if _details(response).get("queued") else "false"
    for name in _AS_THEY_ARE:
        columns[name] = _text(data.get(name))
    columns["worst_verdict"] = columns["verdict"]
    columns["reason"] = _text(data.get("reason")) if columns["status"] == "skipped" else ""
    if not columns["link"] and (columns["status"] == "not_found" or columns["reason"] == _NOT_CACHED):
        columns["link"] = _search_page(str(data.get("indicator", "")))
    for name in _PLAIN_LISTS:
        columns[name] = data.get(name) or []
    columns["detected_by"] = [_engine(**row) for row in data.get("detected_by", ())]
    for name in ("first_seen", "last_analysis"):
        columns[name] = _epoch(data.get(name))
    columns["source"], columns["age"] = _text(meta["source"]), _text(meta["age_s"])
    if data.get("stats") is not None:
        columns.update(_stats(data["stats"]))
    if RAW in data:
        columns[RAW] = json.dumps(data[RAW], ensure_ascii=False, separators=(",", ":"))
    return columns


def _engine(engine: str, result: str | None) -> str:
    return f"{engine}: {result}" if result else engine


def _search_page(indicator: str) -> str:
    from vt_connectors.indicators import search_page

    return search_page(indicator) if indicator else ""


class SharedColumns:
    """`of_response`, but with one shared object for all values with the same refusal, because there may be many.

    Do not change the result.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, bool], Columns] = {}

    def of_response(self, response: Response) -> Columns:
        error = response["error"]
        if error is None or error["code"] != "rate_limited":
            return of_response(response)
        alike = error["message"], bool(_details(response).get("queued"))
        if alike not in self._known:
            self._known[alike] = of_response(response)
        return self._known[alike]


def _details(response: Response) -> Mapping[str, Any]:
    error = response["error"]
    return {} if error is None else error["details"]


def _status(response: Response) -> tuple[str, str]:
    """The status, and the error. `pending` if the lookup waits for quota, or waited when the search ended."""
    error = response["error"]
    if error is None:
        return response["status"], ""
    status = "pending" if error["code"] in ("rate_limited", "cancelled") else "error"
    return status, f"{error['code']}: {in_splunk(error['message'])}"


def _stats(stats: Mapping[str, int]) -> Columns:
    counts: Columns = {name: str(stats[name]) for name in _COUNTS}
    counts["detections"] = f"{stats['malicious'] + stats['suspicious']}/{stats['total']}"
    return counts


def side_by_side(rows: Sequence[Columns]) -> Columns:
    """The fields of an event with several indicators: one value per indicator, in order, and the worst verdict."""
    from vt_connectors.contract.documents import WORST_FIRST

    joined: Columns = {name: [_one(row[name]) for row in rows] for name in (*NAMES, RAW)}
    verdicts = {row["verdict"] for row in rows}
    joined["worst_verdict"] = next((verdict for verdict in WORST_FIRST if verdict in verdicts), "")
    if not any(joined[RAW]):
        joined[RAW] = ""
    return joined


def _one(cell: Cell) -> str:
    return cell if isinstance(cell, str) else _WITHIN.join(cell)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _epoch(text: str | None) -> str:
    """Epoch seconds of the contract's `2026-01-02T03:04:05Z`; `strptime` takes twenty times as long."""
    if text is None:
        return ""
    return str(int((datetime.fromisoformat(text[:19]) - _EPOCH).total_seconds()))
