"""Private scans of files and URLs: nobody but the sender sees them.

Nothing here submits anything in public, whatever fails: a failure is an error, or an outcome that is not known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable

from ..cache import Entry
from ..contract.documents import Outcome, Request, Source
from ..errors import Conflict, Forbidden
from ..indicators import Indicator, parse_as
from ..redaction import known_keys
from ..virustotal import endpoints
from ..virustotal.licences import naming_licence
from ..virustotal.v3_objects import being_scanned, no_such_call
from ..virustotal.v3_private import url_submitted
from .analysis import pending, wait_for
from .file_sample import opened
from .lookup import noted, skipped
from .private_analysis import private_state
from .private_options import options_of_file, options_of_url
from .private_report import forget_private
from .writes import said, send_once

if TYPE_CHECKING:
    from ..virustotal.budget import Budget
    from ..virustotal.port import Api, Submitted
    from .context import Context


def scan_file_privately(context: Context, request: Request, budget: Budget) -> Outcome:
    """As `scan_file`; the report is for this key only, until it expires. Raises `Forbidden` without the licence."""
    options = options_of_file(request.params)
    with opened(request.params, context.file_access, known_keys(request.api_key), context.received) as sample:
        file = Indicator("hash", sample.sha256)
        if request.options.cache == "only":
            return skipped(file, "not_cached")
        upload = sample.upload(budget.observer.bytes_sent)

        def submit(api: Api) -> Submitted:
            return api.scan_privately(upload, sample.hashes, options, budget)

        entry, source = _send(file, options, submit, context, request, budget)
    about = {"type": "hash", "indicator": file.value, "id": file.value, "hashes": dict(sample.hashes), "private": True}
    return _followed(file, entry, source, about, context, request, budget)


def scan_url_privately(context: Context, request: Request, budget: Budget) -> Outcome:
    """Like `scan_file_privately`, for a URL; `skipped` for internal ones."""
    url, options = parse_as("url", request.params["url"]), options_of_url(request.params)
    reason = "not_cached" if request.options.cache == "only" else context.never_query.reason(url)
    if reason is not None:
        return skipped(url, reason)

    def submit(api: Api) -> Submitted:
        values = {"url": url.value, **options}
        try:
            sent = api.change(endpoints.PRIVATE_SCAN_URL, values, budget, lambda answer: url_submitted(answer, url))
        except Conflict as conflict:
            raise being_scanned(conflict) from None
        if sent is None:
            raise no_such_call()
        return sent

    entry, source = _send(url, options, submit, context, request, budget)
    about = {"type": "url", "indicator": url.value, "private": True}
    return noted(url, _followed(url, entry, source, about, context, request, budget))


def _send(
    indicator: Indicator,
    options: Mapping[str, str],
    submit: Callable[[Api], Submitted],
    context: Context,
    request: Request,
    budget: Budget,
) -> tuple[Entry, Source]:
    def send(api: Api) -> Entry:
        return Entry("ok", {"analysis_id": submit(api).analysis_id}, context.clock.now())

    # Neither a public scan nor a private one with other options is the same.
    content = ["private", indicator.value, json.dumps(options, sort_keys=True)]
    try:
        return send_once(content, send, context, request, budget, f"private_{request.action}")
    except Forbidden as error:
        raise naming_licence(error, "private") from None


def _followed(
    indicator: Indicator,
    entry: Entry,
    source: Source,
    about: Mapping[str, Any],
    context: Context,
    request: Request,
    budget: Budget,
) -> Outcome:
    analysis_id: str = entry.report["analysis_id"]
    forget_private(indicator, context, request, budget)
    wait_s = float(request.params.get("wait_s", 0))
    if wait_s <= 0:
        queued = pending(analysis_id, about, "queued", context, request)
        return queued._replace(summary=said(queued.summary, source), source=source, fetched_at=entry.fetched_at)
    outcome = wait_for(analysis_id, about, wait_s, context, request, budget, private_state)
    return outcome._replace(summary=said(outcome.summary, source))
