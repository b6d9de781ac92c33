"""Votes of VirusTotal's community on an indicator: reading them, and voting in public under the account's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cache import Entry
from ..clock import iso
from ..contract.documents import Outcome, Request
from ..errors import Conflict, InvalidResponse
from ..indicators import Indicator
from ..virustotal import endpoints
from ..virustotal.budget import Budget
from ..virustotal.coerce import epoch, mapping, text
from ..virustotal.port import Api
from ..virustotal.v3 import COLLECTION
from .context import Context
from .lookup import noted, skipped
from .read_through import cache_key, forget
from .relationships import Relationship, indicator_of, rows_key
from .same_object import forget_listing
from .writes import said, send_once, write_id

_VERDICTS = ("harmless", "malicious")


def _row(vt_object: Mapping[str, Any], _: Indicator) -> dict[str, Any]:
    attributes = mapping(vt_object.get("attributes"))
    date = epoch(attributes.get("date"))
    row = {"date": iso(date) if date else None, "verdict": text(attributes.get("verdict"))}
    return {name: value for name, value in row.items() if value is not None}


get_votes = Relationship("votes", endpoints.VOTES, "vote", _row)


def add_vote(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with `vote`; `not_found` if VirusTotal does not know the indicator; `skipped` for internal ones.

    VirusTotal counts one vote of an account. The same vote again is `ok` with `already`; the opposite one raises
    `Conflict`.
    """
    indicator, vote = indicator_of(request.params, context.never_query), request.params["verdict"]
    return noted(indicator, _voted(indicator, vote, context, request, budget))


def _voted(indicator: Indicator, vote: str, context: Context, request: Request, budget: Budget) -> Outcome:
    about = {"type": indicator.kind, "indicator": indicator.value}
    reason = "not_cached" if request.options.cache == "only" else context.never_query.reason(indicator)
    if reason is not None:
        return skipped(indicator, reason)
    object_id = write_id(indicator, context, request, budget)
    if object_id is None:
        return _unknown(indicator, about)
    values = {"collection": COLLECTION[indicator.kind], "id": object_id, "verdict": vote}

    def send(api: Api) -> Entry:
        try:
            found = api.change(endpoints.ADD_VOTE, values, budget, lambda answer: _is_vote(answer, vote))
        except Conflict as conflict:
            return Entry("ok", {"already": _earlier(conflict, vote)}, context.clock.now())
        return Entry("ok" if found else "not_found", {}, context.clock.now())

    entry, source = send_once([indicator.kind, object_id, vote], send, context, request, budget)
    if entry.status == "not_found":
        return _unknown(indicator, about)
    forget(context, cache_key(context, rows_key("votes", indicator)))
    forget_listing(context, about, "votes")
    already = bool(entry.report.get("already"))
    summary = f"had already voted {vote} on {indicator.value}" if already else f"voted {vote} on {indicator.value}"
    data = {**about, "vote": vote, "already": already}
    return Outcome("ok", said(summary, source), data, source, entry.fetched_at)


def _is_vote(answer: Mapping[str, Any], vote: str) -> bool:
    """True. Raises `InvalidResponse` for a response that is not the vote."""
    data = mapping(answer.get("data"))
    told = text(mapping(data.get("attributes")).get("verdict"))
    if data.get("type") != "vote" or (told or vote) != vote:
        raise InvalidResponse("VirusTotal's response is not the vote", http_status=200)
    return True


def _earlier(conflict: Conflict, vote: str) -> bool:
    """True if the account has cast the same vote before. Raises `Conflict` without VirusTotal's message, which has the
    name of the account.
    """
    earlier = [verdict for verdict in _VERDICTS if f'"{verdict}"' in conflict.message]
    if earlier == [vote] or not earlier:
        return True
    raise Conflict(
        f"this account has voted {earlier[0]} on the same object before; VirusTotal keeps the first vote",
        http_status=conflict.http_status,
        vt_code=conflict.vt_code,
        details={"vote": earlier[0]},
    )


def _unknown(indicator: Indicator, about: dict[str, str]) -> Outcome:
    summary = f"not found: VirusTotal does not know this {indicator.kind}, so no vote was cast"
    return Outcome("not_found", summary, about)
