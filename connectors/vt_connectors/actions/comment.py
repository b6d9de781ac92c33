"""Comments on an indicator: adding one, in public and under the account's name, and reading those of others."""

from __future__ import annotations

from typing import Any

from ..cache import Entry
from ..clock import iso
from ..contract.documents import Outcome, Request
from ..errors import InvalidRequest
from ..indicators import Indicator
from ..virustotal.budget import Budget
from ..virustotal.port import Api, Comment
from .context import Context
from .lookup import noted, report_on, skipped
from .read_through import cache_key, find, forget
from .relationships import Listing, indicator_of, listed, rows_key
from .same_object import forget_listing
from .writes import known_sha256, said, send_once

DEFAULT_LIMIT = 10


def add_comment(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with `comment_id`; `not_found` if VirusTotal does not know the indicator; `skipped` for internal ones."""
    indicator, comment = indicator_of(request.params, context.never_query), _sendable(request.params["comment"])
    return noted(indicator, _commented(indicator, comment, context, request, budget))


def _commented(indicator: Indicator, comment: str, context: Context, request: Request, budget: Budget) -> Outcome:
    about = {"type": indicator.kind, "indicator": indicator.value}
    reason = "not_cached" if request.options.cache == "only" else context.never_query.reason(indicator)
    if reason is not None:
        return skipped(indicator, reason)
    account = context.account(request.api_key)
    object_id = None
    if indicator.kind == "hash":
        object_id = known_sha256(indicator, context)
    elif indicator.kind == "url" and account.writes_to_url_ids:
        # Reading accepts a URL's base64, writing needs its SHA-256, which is in VirusTotal's response.
        found = find(report_on(indicator, context, request, budget), context, request, budget)
        if found is None:
            return skipped(indicator, "not_cached")
        object_id = found[0].report.get("id")
        if object_id is None:
            return _unknown(indicator, about)

    def send(api: Api) -> Entry:
        posted = api.add_comment(indicator, object_id, comment, budget)
        if posted is None:
            return Entry("not_found", {}, context.clock.now())
        return Entry("ok", {"comment_id": posted.comment_id} if posted.comment_id else {}, context.clock.now())

    content = [indicator.kind, object_id or indicator.value, comment]
    entry, source = send_once(content, send, context, request, budget)
    if entry.status == "not_found":
        return _unknown(indicator, about)
    forget(context, cache_key(context, rows_key("comments", indicator)))
    forget_listing(context, about, "comments")
    data = {**about, **entry.report, "comment": comment}
    return Outcome("ok", said(f"commented on {indicator.value}", source), data, source, entry.fetched_at)


def _sendable(comment: str) -> str:
    """`comment`. Raises `InvalidRequest` for half a surrogate pair, which JSON can express but UTF-8 cannot."""
    try:
        comment.encode()
    except UnicodeEncodeError:
        raise InvalidRequest("/params/comment is not valid Unicode", details={"path": "/params/comment"}) from None
    return comment


def get_comments(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with `comments`, at most `limit`, the newest first.

    They are cached only as long as an unknown indicator, because new comments may appear at any time.
    """
    indicator = indicator_of(request.params, context.never_query)
    limit = int(request.params.get("limit", DEFAULT_LIMIT))
    listing = Listing("comments", lambda api: api.comments(indicator, limit, budget), _row, limit)
    return listed(indicator, listing, context, request, budget, context.freshness.ttl_not_found_s)


def _row(comment: Comment) -> dict[str, Any]:
    row = {"id": comment.comment_id, "text": comment.text, "tags": list(comment.tags)}
    row["date"] = iso(comment.date) if comment.date else None
    return {name: value for name, value in row.items() if value is not None}


def _unknown(indicator: Indicator, about: dict[str, str]) -> Outcome:
    return Outcome(
        "not_found", f"not found: VirusTotal does not know this {indicator.kind}, so no comment was added", about
    )
