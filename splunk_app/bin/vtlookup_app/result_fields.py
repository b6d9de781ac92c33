"""The fields of an event: the core's, as Splunk writes them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union

from .setting_names import in_splunk

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response

Cell = Union[str, "list[str]"]
Columns = dict[str, Cell]

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
RAW = "raw"
_CONTEXT = "context_"
PREFIX = "vt_"
# Only vtlookup adds a field with this name: events that have it got the other fields from an earlier vtlookup.
_SIGN = "worst_verdict"
_EMPTY: Columns = dict.fromkeys((*NAMES, RAW), "")
# PENDING in previews: looked up when the search is final. ENDED: the search ended before the lookup.
PENDING: Columns = {**_EMPTY, "status": "pending", "queued": "false"}
ENDED: Columns = {**PENDING, "error": "cancelled: the search ended before this one's turn"}
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
    # Imported here, because splunkd asks for the names of the fields before the core is loaded.
    from vt_connectors.event_fields import fields_of

    fields = fields_of(response)
    columns: Columns = {**_EMPTY, **fields}  # type: ignore[dict-item]  # numbers become texts below
    for name, value in fields.items():
        if type(value) is int:  # not a bool
            columns[name] = str(value)
        elif not isinstance(value, (str, list)):
            columns[name] = text_of(value).lower()
    if columns["error"]:
        columns["error"] = in_splunk(str(columns["error"]))
    if RAW in (data := response["data"] or {}):
        columns[RAW] = json.dumps(data[RAW], ensure_ascii=False, separators=(",", ":"))
    return columns


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


def counts_of(stats: Mapping[str, int]) -> Columns:
    """The numbers of engines, and `detections`."""
    from vt_connectors import event_fields

    return {name: text_of(count) for name, count in event_fields.counts_of(stats).items()}


def side_by_side(rows: Sequence[Columns]) -> Columns:
    """The fields of an event with several indicators: one value per indicator, in order, and the worst verdict."""
    from vt_connectors.event_fields import worst_of

    names = dict.fromkeys((*NAMES, RAW, *(name for row in rows for name in row)))
    joined: Columns = {name: [_one(row.get(name, "")) for row in rows] for name in names}
    joined["worst_verdict"] = worst_of(row["verdict"] for row in rows) or ""
    if not any(joined[RAW]):
        joined[RAW] = ""
    return joined


def _one(cell: Cell) -> str:
    return cell if isinstance(cell, str) else _WITHIN.join(cell)


def text_of(value: object) -> str:
    """Empty for None."""
    return "" if value is None else str(value)


def epoch_of(text: str | None) -> str:
    """Epoch seconds of the contract's `2026-01-02T03:04:05Z`; empty for None."""
    if text is None:
        return ""
    from vt_connectors.event_fields import epoch_seconds

    return str(epoch_seconds(text))
