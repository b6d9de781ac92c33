"""Commenting on an indicator, in public and under the account's name; and reading what others said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..clock import iso
from ..contract import Outcome, Request
from ..errors import InvalidRequest
from ..indicators import Indicator, parse_as, recognise
from ..virustotal.api import Comment
from ..virustotal.budget import Budget
from .asking import cache_key, find, report_key
from .context import Context
from .listing import Listing, listed, rows_key
from .lookup import report_on, skipped

DEFAULT_LIMIT = 10
_SHA256 = 64


def add_comment(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with `comment_id`, `not_found` where VirusTotal does not know the indicator, `skipped` for internal ones."""
    indicator, said = indicator_of(request.params), _sendable(request.params["comment"])
    about = {"type": indicator.kind, "indicator": indicator.value}
    reason = context.never_query.reason(indicator)
    if reason is not None:
        return skipped(indicator, reason)
    account = context.account(request.api_key)
    object_id = None
    if indicator.kind == "hash":
        object_id = _known_sha256(indicator, context)
    elif indicator.kind == "url" and account.writes_to_url_ids:
        # Reading takes a URL's base64, writing wants its SHA-256: that is in VirusTotal's answer.
        found = find(report_on(indicator, context, request, budget), context, request, budget)
        if found is None:
            return skipped(indicator, "not_cached")
        object_id = found[0].report.get("id")
        if object_id is None:
            return _unknown(indicator, about)
    comment = account.ask(request.action, lambda api: api.add_comment(indicator, object_id, said, budget), budget)
    if comment is None:
        return _unknown(indicator, about)
    context.cache.forget(cache_key(context, rows_key("comments", indicator)))
    identity = {"comment_id": comment.comment_id} if comment.comment_id else {}
    data = {**about, **identity, "comment": said}
    return Outcome("ok", f"commented on {indicator.value}", data, "api", context.clock.now())


def _sendable(comment: str) -> str:
    """JSON can write half a character; nobody can read it."""
    try:
        comment.encode()
    except UnicodeEncodeError:
        raise InvalidRequest("/params/comment is not valid Unicode", details={"path": "/params/comment"}) from None
    return comment


def get_comments(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with `comments`, the newest first and `limit` at most.

    They are good for as long as an unknown indicator is: somebody may say something any minute.
    """
    indicator = indicator_of(request.params)
    limit = int(request.params.get("limit", DEFAULT_LIMIT))
    listing = Listing("comments", lambda api: api.comments(indicator, limit, budget), _row, limit)
    return listed(indicator, listing, context, request, budget, context.freshness.ttl_not_found_s)


def indicator_of(params: Mapping[str, Any]) -> Indicator:
    """What `params` name, of the kind they say or recognised. Raises `InvalidIndicator`."""
    value, kind = params["indicator"], params.get("type")
    return parse_as(kind, value) if kind else recognise(value)


def _row(comment: Comment) -> dict[str, Any]:
    row = {"id": comment.comment_id, "text": comment.text, "tags": list(comment.tags)}
    row["date"] = iso(comment.date) if comment.date else None
    return {name: value for name, value in row.items() if value is not None}


def _known_sha256(indicator: Indicator, context: Context) -> str | None:
    """A file's SHA-256 if that is known already: comments belong to the file, whichever hash it was met by."""
    if len(indicator.value) == _SHA256:
        return indicator.value
    entry = context.cache.find(report_key(context, indicator), lambda entry: entry.status == "ok")
    found = entry.report.get("hashes", {}).get("sha256") if entry else None
    return found if isinstance(found, str) and len(found) == _SHA256 else None


def _unknown(indicator: Indicator, about: dict[str, str]) -> Outcome:
    return Outcome(
        "not_found", f"not found: VirusTotal does not know this {indicator.kind}, so nothing was said", about
    )
