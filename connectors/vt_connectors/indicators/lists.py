"""Several values in one text, such as a field of a table."""

from __future__ import annotations

import re

from ..errors import InvalidIndicator
from ..quick_imports import pattern
from .indicator import Kind, refuse
from .parse import bare, parse_as, recognise, strongest_of

# Only this many of the first parts are checked for an indicator.
_MOST_TRIED = 100
# A longer text is a mistake, not a list.
MOST_CHARACTERS = 64 * 1024
_MAY_BE_SEVERAL = pattern(r"[ \t\r\n\f\v,;|]")
# In a URL's path these are part of the URL, unless another URL begins after them; in its query they always are.
_BEFORE_URL = pattern(r"[,;|](?=(?:h[a-z*+_]{1,3}ps?|f[tx*]ps?)(?:\[:\]|\[://\]|:)[/\w])", re.IGNORECASE)
_QUERY = pattern("[?#]")
_IN_A_ROW = pattern(r"[,;|]+")
_BLANKS = pattern(r"\s+")


def values_in(kind: Kind | None, text: str) -> list[str]:
    """The values in `text`, separated by commas, semicolons, bars, blanks or line ends; `[text]` if it is one value.

    It is a list if one part is an indicator of `kind` (None: of any kind). If only blanks separate the parts, all must
    be, because a sentence with an address is not a list. The hashes of one file are one value.
    """
    if not _MAY_BE_SEVERAL.search(text):
        return [text]
    whole = bare(text)
    if len(whole) > MOST_CHARACTERS or strongest_of(whole) is not None:
        return [text]
    parts, is_marked = _parts(whole)
    if not parts or (len(parts) == 1 and parts[0] == whole):
        return [text]
    looked_at = parts[:_MOST_TRIED] if is_marked else parts
    fit = (_is_indicator(kind, part) for part in looked_at)
    return parts if (any(fit) if is_marked else all(fit)) else [text]


def refuse_list(kind: Kind | None, text: str) -> None:
    """Raises `InvalidIndicator` if `text` is a list of values."""
    count = len(values_in(kind, text))
    if count > 1:
        raise refuse(text, f"is a list of {count} values; send each in a separate request")


def _parts(text: str) -> tuple[list[str], bool]:
    """The parts of a possible list, and whether all separators are more than blanks."""
    parts: list[str] = []
    is_marked = ends_marked = True
    for word in _BLANKS.split(text):
        is_marked = is_marked and (ends_marked or word[:1] in (",", ";", "|"))
        inner = word.strip(",;|")
        split = _urls(inner) if "/" in inner else _IN_A_ROW.split(inner)
        parts += [bare(part) for part in split if bare(part)]
        ends_marked = word[-1:] in (",", ";", "|")
    return parts, is_marked


def _urls(text: str) -> list[str]:
    path = _QUERY.split(text, maxsplit=1)[0]
    *others, last = _BEFORE_URL.split(path)
    return [*others, last + text[len(path) :]]


def _is_indicator(kind: Kind | None, text: str) -> bool:
    try:
        recognise(text) if kind is None else parse_as(kind, text)
    except InvalidIndicator:
        return False
    return True
