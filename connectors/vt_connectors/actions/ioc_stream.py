"""The IoC stream: notifications of the account's rules and subscriptions, from where the last poll ended.

Source: https://docs.virustotal.com/reference/get-objects-from-the-ioc-stream. A notification has an id; the same object
returns under another rule as another notification.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..cache import Entry
from ..clock import iso
from ..contract.documents import Outcome, Request
from ..errors import InvalidResponse
from ..virustotal import endpoints
from ..virustotal.budget import Budget
from ..virustotal.coerce import epoch, mapping, text, texts
from ..virustotal.port import Api, RowsCall
from .answer_parts import raw_if_requested
from .context import Context
from .read_through import Query, find
from .related_objects import judged_row, row_of
from .relationships import counted
from .stream_cursor import Cursor, read_since

if TYPE_CHECKING:
    from ..virustotal.account import Account

DEFAULT_LIMIT = 40
PAGE = 40
_MOMENT_S = 1.0
_MOST_SOURCES = 20


def ioc_stream(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with `notifications`, the oldest first, and the `cursor` where they end; each notification once.

    Without `since`, they begin where the last delivered answer with this key and filter ended. A position is kept when
    the adapter has delivered the answer (`Core.delivered`), so a crash repeats notifications and loses none.
    """
    params = request.params
    limit, name = int(params.get("limit", DEFAULT_LIMIT)), stream_of(params, context.space)
    if request.options.cache == "only":
        summary = "skipped: cache=only allows no request, and a stream is not cached"
        return Outcome("skipped", summary, {"notifications": [], "reason": "not_cached"})
    account = context.account(request.api_key)
    since = read_since(params.get("since") or account.limiter.positions.find(name), context.clock.now())
    found = find(_query(since, limit, name, context, request, budget), context, request, budget)
    assert found is not None, "only cache=only has no answer"
    entry, source = found
    report = entry.report
    rules = request.options.judged_by(context.rules)
    data: dict[str, Any] = {
        "notifications": [judged_row(row, rules) for row in report["rows"]],
        "since": iso(since.epoch),
        "cursor": report["cursor"],
        "more": report["more"],
    }
    if "raw" in request.options.include:
        data["raw"] = report["raw"]
    # Who says where to begin only looks; the position of the others stays.
    if not params.get("since"):
        context.deliveries.offer(report["cursor"], lambda: _keep(account, name, report["cursor"]))
    count, many = len(data["notifications"]), "; there are more" if data["more"] else ""
    summary = f"{counted(count, 'notifications')} since {data['since']}{many}"
    return Outcome("ok", summary, data, source, entry.fetched_at)


def keep_position(context: Context, params: Mapping[str, Any], cursor: str) -> None:
    """The caller has all notifications up to `cursor`, with the configured key: polls with these parameters continue
    there. For an answer that another process gave; `Core.delivered` is for one's own. Raises `ConnectorError`.
    """
    _keep(context.account(None), stream_of(params, context.space), cursor)


def _keep(account: Account, name: str, cursor: str) -> None:
    account.limiter.positions.put(name, cursor)


def stream_of(params: Mapping[str, Any], space: str) -> str:
    """The name under which the position of this filter's stream at this server is kept."""
    return hashlib.sha256(json.dumps([space, params.get("filter") or ""]).encode()).hexdigest()[:16]


def stream_call(since: Cursor, limit: int, params: Mapping[str, Any]) -> RowsCall:
    """The oldest first, so that a limit ends the answer instead of making a hole in it."""
    began = f"date:{iso(since.epoch).rstrip('Z')}+"
    values = {"order": "date+", "filter": " ".join(part for part in (began, params.get("filter")) if part)}
    # The notifications that were read before come again, because a filter has whole seconds.
    return RowsCall(endpoints.IOC_STREAM, values, limit + len(since.seen), PAGE)


def _query(since: Cursor, limit: int, name: str, context: Context, request: Request, budget: Budget) -> Query:
    def ask(api: Api) -> Entry:
        call = stream_call(since, limit, request.params)
        rows = api.rows(call, budget)
        now = context.clock.now()
        if rows is None:
            raise InvalidResponse("VirusTotal does not know the IoC stream; check VT_API_URL", http_status=404)
        fresh, cursor = _new_ones(rows.raw, since, limit)
        report: dict[str, Any] = {
            "rows": [_row(item) for item in fresh],
            "cursor": cursor.text,
            "more": rows.more or len(rows.raw) - len(since.seen) > limit,
        }
        if "raw" in request.options.include:
            report["raw"] = {"data": fresh}
        return Entry("ok", report, now)

    return Query(
        f"stream:{name}:{limit}:{hashlib.sha256(since.text.encode()).hexdigest()[:16]}",
        ask,
        parts=raw_if_requested(request.options),
        # Polls at the same moment share their requests.
        covers=lambda entry: context.clock.now() - entry.fetched_at < _MOMENT_S,
        licence="premium",
        is_per_key=True,
    )


def _new_ones(items: tuple[Mapping[str, Any], ...], since: Cursor, limit: int) -> tuple[list[dict[str, Any]], Cursor]:
    """The notifications that were not read before, each once, and the position after them."""
    found: dict[str, dict[str, Any]] = {}
    cursor = since
    for item in items:
        number = _id_of(item)
        if number in since.seen or number in found:
            continue
        if len(found) == limit:
            break
        found[number] = dict(item)
        cursor = cursor.after(_date_of(item), number)
    return list(found.values()), cursor


def _id_of(item: Mapping[str, Any]) -> str:
    """Without an id, the object and the moment identify a notification."""
    seen = mapping(item.get("context_attributes"))
    told = seen.get("notification_id")
    return str(told) if isinstance(told, (str, int)) else f"{item.get('id')}@{seen.get('notification_date')}"


def _date_of(item: Mapping[str, Any]) -> int | None:
    return epoch(mapping(item.get("context_attributes")).get("notification_date"))


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    seen = mapping(item.get("context_attributes"))
    date = _date_of(item)
    sources = seen.get("sources")
    named = [mapping(source) for source in sources][:_MOST_SOURCES] if isinstance(sources, list) else []
    row = {
        **row_of(item),
        "notification_id": _id_of(item),
        "notified": iso(date) if date else None,
        "origin": text(seen.get("origin")),
        "rule": text(mapping(seen.get("hunting_info")).get("rule_name")),
        "sources": [f"[{source.get('type')}] {source.get('label') or source.get('id')}" for source in named] or None,
        "notification_tags": texts(seen.get("tags")),
    }
    return {name: value for name, value in row.items() if value is not None}
