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
    "gti_verdict",
    "gti_severity",
    "gti_score",
)
_PLAIN_LISTS = LISTS[1:]
RAW = "raw"
_CONTEXT = "context_"
PREFIX = "vt_"
# Only vtlookup adds a field with this name: events that have it got the other fields from an earlier vtlookup.
_SIGN = "worst_verdict"
_EMPTY: Columns = dict.fromkeys((*NAMES, RAW), "")
# PENDING in previews: looked up when the search is final. ENDED: the search ended before the lookup.
PENDING: Columns = {**_EMPTY, "status": "pending", "queued": "false"}
ENDED: Columns = {**PENDING, "error": "cancelled: the search ended before this one's turn"}
_GTI = ("verdict", "severity", "score")
_NOT_CACHED = "not_cached"
_AS_THEY_ARE = (*_TEXTS, "verdict", "reputation", "asn")
_EPOCH = datetime(1970, 1, 1)
# Joins the values of a list if the field itself is multivalued, with one value per indicator.
_WITHIN = ", "


def names(raw: bool, context: bool = False, kind: str | None = None) -> tuple[str, ...]:
    """The fields that every event gets, without the prefix, in order. `kind`: of the indicators; None: any."""
    found: tuple[str, ...] = NAMES
    if context:
        from . import context_fields

        found += context_fields.names(kind)
    return (*found, RAW) if raw else found


def is_list(name: str) -> bool:
    """Whether the field may have several values of one indicator."""
    if not name.startswith(_CONTEXT):
        return name in LISTS
    from . import context_fields

    return context_fields.is_list(name)


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
        # The loop of most of the time: a call for each value would double it.
        if (value := data.get(name)) is not None:
            columns[name] = value if isinstance(value, str) else str(value)
    columns["worst_verdict"] = columns["verdict"]
    columns["reason"] = text_of(data.get("reason")) if columns["status"] == "skipped" else ""
    if not columns["link"] and (columns["status"] == "not_found" or columns["reason"] == _NOT_CACHED):
        columns["link"] = _search_page(str(data.get("indicator", "")))
    for name in _PLAIN_LISTS:
        if value := data.get(name):
            columns[name] = value
    if engines := data.get("detected_by"):
        columns["detected_by"] = [_engine(**row) for row in engines]
    for name in ("first_seen", "last_analysis"):
        columns[name] = epoch_of(data.get(name))
    columns["source"], columns["age"] = text_of(meta["source"]), text_of(meta["age_s"])
    if data.get("stats") is not None:
        columns.update(counts_of(data["stats"]))
    columns.update(_more(data))
    return columns


def _more(data: Mapping[str, Any]) -> Columns:
    """What only some keys get, or only some searches ask for."""
    columns: Columns = {}
    if "gti" in data:
        columns.update((f"gti_{name}", text_of(data["gti"].get(name))) for name in _GTI)
    if "context" in data:
        columns.update(_context(data["context"]))
    if RAW in data:
        columns[RAW] = json.dumps(data[RAW], ensure_ascii=False, separators=(",", ":"))
    return columns


def _context(found: Mapping[str, Any]) -> Columns:
    from . import context_fields

    columns: Columns = {}
    for key, value in found.items():
        name = context_fields.CONTEXT + key
        is_time = context_fields.is_time(name)
        columns[name] = value if isinstance(value, list) else epoch_of(value) if is_time else str(value)
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


def counts_of(stats: Mapping[str, int]) -> Columns:
    """The numbers of engines, and `detections`."""
    counts: Columns = {name: str(stats[name]) for name in _COUNTS}
    counts["detections"] = f"{stats['malicious'] + stats['suspicious']}/{stats['total']}"
    return counts


def side_by_side(rows: Sequence[Columns]) -> Columns:
    """The fields of an event with several indicators: one value per indicator, in order, and the worst verdict."""
    from vt_connectors.contract.documents import WORST_FIRST

    names = dict.fromkeys((*NAMES, RAW, *(name for row in rows for name in row)))
    joined: Columns = {name: [_one(row.get(name, "")) for row in rows] for name in names}
    verdicts = {row["verdict"] for row in rows}
    joined["worst_verdict"] = next((verdict for verdict in WORST_FIRST if verdict in verdicts), "")
    if not any(joined[RAW]):
        joined[RAW] = ""
    return joined


def _one(cell: Cell) -> str:
    return cell if isinstance(cell, str) else _WITHIN.join(cell)


def text_of(value: object) -> str:
    """Empty for None."""
    return "" if value is None else str(value)


def epoch_of(text: str | None) -> str:
    """Epoch seconds of the contract's `2026-01-02T03:04:05Z`; `strptime` takes twenty times as long."""
    if text is None:
        return ""
    return str(int((datetime.fromisoformat(text[:19]) - _EPOCH).total_seconds()))
