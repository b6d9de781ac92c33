"""The indicators in the query of a search, which VirusTotal sees like those of a lookup. Pure."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ..contract.documents import Outcome
from ..errors import InvalidIndicator, InvalidRequest
from ..indicators import Indicator, NeverQuery, recognise
from ..quick_imports import pattern
from .lookup import skipped

_WORD = pattern(r"[^\s\"'()<>\[\]{},;]+")


def query_of(query: str, never_query: NeverQuery) -> str:
    """The query; an indicator in its canonical form, without the user name and password of a URL.

    Raises `InvalidRequest` for a query without text, with control characters, or with a password inside.
    """
    told = query.strip()
    if not told or not told.isprintable():
        raise _refused("is empty, or has control characters")
    whole = _recognised(told, never_query)
    if whole is not None:
        return whole.value
    refuse_password(told, never_query)
    return told


def refuse_password(query: str, never_query: NeverQuery) -> None:
    """Raises `InvalidRequest` for a URL with a user name or password."""
    if any(found.removed for found in _indicators(query, never_query)):
        raise _refused("has a URL with a user name or password; remove them")


def never_sent(query: str, never_query: NeverQuery) -> Outcome | None:
    """The answer without a request if the query has an internal indicator, alone or as a value in it."""
    for indicator in _indicators(query, never_query):
        reason = never_query.reason(indicator)
        if reason is not None:
            return skipped(indicator, reason)
    return None


def _indicators(query: str, never_query: NeverQuery) -> Iterator[Indicator]:
    """The whole query, its words, and the values of its modifiers: `hostname:example.com`, `#example.com`."""
    for word in (query, *_WORD.findall(query)):
        rest = word
        while rest:
            found = _recognised(rest.lstrip("#!-+"), never_query)
            if found is not None:
                yield found
            rest = rest.partition(":")[2]


def _recognised(text: str, never_query: NeverQuery) -> Indicator | None:
    with contextlib.suppress(InvalidIndicator):
        return recognise(text, never_query)
    return None


def _refused(why: str) -> InvalidRequest:
    return InvalidRequest(f"/params/query {why}", details={"path": "/params/query"})
