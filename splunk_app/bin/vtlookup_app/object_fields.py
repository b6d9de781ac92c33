"""Translates rows about VirusTotal's objects, such as related objects and results of a search, into fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .result_fields import PREFIX, Cell, counts_of, epoch_of, text_of

# Of a row that only names an object.
NAMED = ("type", "indicator", "id", "date", "status", "reason")
# And of one with the object's report, or with the attributes of an object that is no indicator.
_COUNTED = ("verdict", "malicious", "suspicious", "harmless", "undetected", "total", "detections")
_FACTS = ("reputation", "label", "names", "tags", "size", "first_seen", "last_analysis", "link", "attributes")
WHOLE = (*NAMED, *_COUNTED, *_FACTS)
_TIMES = ("date", "first_seen", "last_analysis", "notified")


def fields_of(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Cell]:
    """The fields `names` of a row of the core's, each with the prefix. Times are epoch seconds; missing ones are empty.

    The status is `ok`, unless the row has another.
    """
    told = {"status": "ok", **row, **(counts_of(row["stats"]) if row.get("stats") else {})}
    return {PREFIX + name: _cell(name, told.get(name)) for name in names}


def _cell(name: str, value: Any) -> Cell:
    if name in _TIMES:
        return epoch_of(value)
    if isinstance(value, list):
        return [text_of(each) for each in value]
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text_of(value)
