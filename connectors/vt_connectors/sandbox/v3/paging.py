"""Collections in pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ..errors import bad_request, invalid_argument
from ..http.messages import JsonObject

_DEFAULT_LIMIT = 10
_MOST = 40
_COUNT_CAP = 200


def page(rows: list[JsonObject], query: Mapping[str, str], link: str) -> JsonObject:
    """The page of `rows` for `limit` and `cursor` in the query, with its meta and links.

    `link` is the URL of the collection. A cursor names the last row of the previous page, so rows added in
    front between two pages neither repeat nor hide rows. ApiError 400 for an invalid limit or cursor.
    """
    limit = _limit(query.get("limit"))
    start = _start(rows, query.get("cursor"))
    part = rows[start : start + limit]
    meta: dict[str, Any] = {"count": min(len(rows), _COUNT_CAP)}
    links = {"self": _address(link, limit, query.get("cursor"))}
    if start + limit < len(rows):
        meta["cursor"] = _cursor_after(part[-1])
        links["next"] = _address(link, limit, meta["cursor"])
    elif not rows:
        meta["cursor"] = ""
    return {"data": part, "meta": meta, "links": links}


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit()) or int(text[:9]) == 0:
        raise bad_request(f'Invalid limit "{text}"')
    return min(int(text[:9]), _MOST)


def _start(rows: list[JsonObject], cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        last = base64.urlsafe_b64decode(cursor.encode("ascii")).decode("utf-8")
        return [row["id"] for row in rows].index(last) + 1
    except (ValueError, binascii.Error):
        raise invalid_argument("Invalid cursor") from None


def _cursor_after(row: JsonObject) -> str:
    return base64.urlsafe_b64encode(row["id"].encode("utf-8")).decode("ascii")


def _address(link: str, limit: int, cursor: str | None) -> str:
    arguments: list[tuple[str, str]] = [("limit", str(limit))]
    if cursor:
        arguments.append(("cursor", cursor))
    return f"{link}?{urlencode(arguments)}"
