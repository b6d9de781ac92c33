"""Collections in pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ..errors import bad_request, invalid_argument
from ..http.messages import JsonObject

_DEFAULT_LIMIT = 10
MOST_ROWS = 40
COUNT_CAP = 200


def page(rows: Sequence[JsonObject], query: Mapping[str, str], link: str) -> JsonObject:
    """The page of `rows` for `limit` and `cursor` in the query, with its meta and links.

    `link` is the URL of the collection. ApiError 400 for an invalid limit or cursor.
    """
    cut = cut_page([row["id"] for row in rows], query, link)
    meta: dict[str, Any] = {"count": min(len(rows), COUNT_CAP)}
    if cut.cursor or not rows:
        meta["cursor"] = cut.cursor
    return {"data": list(rows[cut.start : cut.end]), "meta": meta, "links": cut.links}


@dataclass(frozen=True)
class Cut:
    """The place of a page in a list: from `start` to before `end`; `cursor` is "" on the last page."""

    start: int
    end: int
    cursor: str
    links: dict[str, str]


def cut_page(idents: Sequence[str], query: Mapping[str, str], link: str, most: int = MOST_ROWS) -> Cut:
    """The page of a list whose rows have the ids `idents`, for `limit` and `cursor` in the query.

    A cursor names the last row of the previous page, so rows added in front between two pages neither repeat nor hide
    rows. ApiError 400 for an invalid cursor, and for a limit that is not from 1 to `most`.
    """
    limit = _limit(query.get("limit"), most)
    start = _start(idents, query.get("cursor"))
    end = min(start + limit, len(idents))
    others = {name: value for name, value in query.items() if name not in ("limit", "cursor")}
    links = {"self": _address(link, others, limit, query.get("cursor"))}
    cursor = cursor_after(idents[end - 1]) if end < len(idents) else ""
    if cursor:
        links["next"] = _address(link, others, limit, cursor)
    return Cut(start, end, cursor, links)


def cursor_after(ident: str) -> str:
    """The cursor of the page after the row with this id."""
    return base64.urlsafe_b64encode(ident.encode("utf-8")).decode("ascii")


def _limit(text: str | None, most: int) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit()) or not 0 < int(text[:9]) <= most:
        raise bad_request(f'Invalid limit "{text}"')
    return int(text)


def _start(idents: Sequence[str], cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        last = base64.urlsafe_b64decode(cursor.encode("ascii")).decode("utf-8")
        return list(idents).index(last) + 1
    except (ValueError, binascii.Error):
        raise invalid_argument("Invalid cursor") from None


def _address(link: str, others: Mapping[str, str], limit: int, cursor: str | None) -> str:
    arguments = {**others, "limit": str(limit)}
    if cursor:
        arguments["cursor"] = cursor
    return f"{link}?{urlencode(arguments)}"
