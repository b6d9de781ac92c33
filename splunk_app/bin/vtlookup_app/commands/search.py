"""`| vtsearch`: the results of a search at VirusTotal, one event for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..object_fields import WHOLE, fields_of
from ..options import UsageError, boolean, count
from ..sdk_import import Configuration
from .base import Row
from .one_request import OneRequest

_DEFAULT_LIMIT, _MOST, _MOST_OF_INTELLIGENCE = 40, 400, 3000
_ORDER = re.compile("[a-z_]{1,60}[+-]?")


@Configuration(type="reporting")
class VtSearch(OneRequest):
    """For an indicator or the tag of a comment; with `intelligence=true`, by a query of VirusTotal Intelligence."""

    OPTIONS = ("query", "limit", "order", "intelligence", "wait")

    def read_options(self, given: Mapping[str, str]) -> None:
        query, order = given.get("query", "").strip(), given.get("order", "").strip().lower()
        if not query:
            raise UsageError("query= must be what to search for, such as a hash or #phishing")
        is_intelligence = boolean("intelligence", given.get("intelligence"))
        if "order" in given and not is_intelligence:
            raise UsageError("order= needs intelligence=true; results of other searches have no order")
        if "order" in given and not _ORDER.fullmatch(order):
            raise UsageError(f"order={given['order'][:60]!r}: the name of an order, such as last_submission_date-")
        most = _MOST_OF_INTELLIGENCE if is_intelligence else _MOST
        params: dict[str, Any] = {"query": query, "limit": count("limit", given.get("limit"), _DEFAULT_LIMIT, most)}
        if order:
            params["order"] = order
        self._request = {"action": "intelligence_search" if is_intelligence else "search", "params": params}
        self.read_wait(given)

    def found(self, data: Mapping[str, Any]) -> Iterator[Row]:
        return (self._row(row) for row in data["results"])

    def empty(self) -> Row:
        return self._row({})

    def _row(self, row: Mapping[str, Any]) -> Row:
        return {"query": self._request["params"]["query"], **fields_of(row, WHOLE)}
