"""Lists of API v3 that come in pages (https://docs.virustotal.com/reference/collections)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..errors import RateLimited
from .budget import Budget
from .client import Client
from .coerce import mapping, objects_of, text
from .port import Rows, RowsCall
from .responses import NotFound

_MOST_PAGES = 100

Row = Callable[[Mapping[str, Any]], Any]
ReadPage = Callable[[Mapping[str, Any]], list[Mapping[str, Any]]]


def pages(client: Client, call: RowsCall, row: Row, budget: Budget, read_page: ReadPage = objects_of) -> Rows | None:
    """Pages until there are `call.limit` rows or no more; or until the quota is used up, after some rows.

    None if VirusTotal does not know the object. `row` makes an item from a row. Raises `ConnectorError`.
    """
    found: list[Mapping[str, Any]] = []
    values, cursor = dict(call.values), ""
    meta: Mapping[str, Any] = {}
    for _ in range(_MOST_PAGES):
        values["limit"] = str(min(call.page, call.limit - len(found)))
        try:
            answer = client.ask(call.endpoint, {**values, **({"cursor": cursor} if cursor else {})}, budget)
        except NotFound:
            return None
        except RateLimited:
            if not found:
                raise
            break
        page, meta = read_page(answer), mapping(answer.get("meta"))
        found += page
        # The last page has no cursor, an empty one, or the same one again.
        last, cursor = cursor, text(meta.get("cursor")) or ""
        if cursor == last:
            cursor = ""
        if not page or not cursor or len(found) >= call.limit:
            break
    shown = found[: call.limit]
    return Rows(tuple(row(item) for item in shown), tuple(shown), bool(cursor) or len(found) > call.limit, meta)
