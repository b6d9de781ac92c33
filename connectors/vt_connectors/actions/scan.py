"""Scans: of a file that is sent, of a file that VirusTotal has, of a URL. Never repeated automatically."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, NamedTuple

from ..cache import Entry
from ..contract.documents import Outcome, Request, Source
from ..indicators import Indicator, parse_as
from ..redaction import known_keys
from ..virustotal.budget import Budget
from ..virustotal.port import Api, Submitted
from .analysis import pending, wait_for
from .context import Context
from .file_sample import opened
from .lookup import noted, skipped
from .private_options import is_private, password_of
from .relationships import indicator_of
from .same_object import forget_before_scan
from .writes import known_sha256, said, send_once, write_id


def scan_file(context: Context, request: Request, budget: Budget) -> Outcome:
    """`pending` with `analysis_id`; `ok` with the verdict if the scan ends within `wait_s` seconds."""
    if is_private(request.params):
        from .private_scan import scan_file_privately

        return scan_file_privately(context, request, budget)
    password = password_of(request.params)
    with opened(request.params, context.file_access, known_keys(request.api_key), context.received) as sample:
        file = Indicator("hash", sample.sha256)
        if request.options.cache == "only":
            return skipped(file, "not_cached")
        upload = sample.upload(budget.observer.bytes_sent)
        # The file's name is sent too, but does not distinguish requests.
        content = [sample.sha256] if password is None else [sample.sha256, password]
        sent = _send(
            content, lambda api: api.scan_file(upload, sample.hashes, budget, password), context, request, budget
        )
    about = {"type": "hash", "indicator": sample.sha256, "id": sample.sha256, "hashes": dict(sample.hashes)}
    return _followed(sent, about, context, request, budget)


def rescan_file(context: Context, request: Request, budget: Budget) -> Outcome:
    """Like `scan_file`, for a file that VirusTotal has; `not_found` if it does not have the file."""
    file = parse_as("hash", request.params["hash"])
    if request.options.cache == "only":
        return skipped(file, "not_cached")
    content = [known_sha256(file, context) or file.value]
    sent = _send(content, lambda api: api.rescan(file, None, budget), context, request, budget)
    about = {"type": "hash", "indicator": file.value}
    if sent.submitted is None:
        summary = said("not found: VirusTotal does not have this file; send it with scan_file", sent.source)
        return Outcome("not_found", summary, about, sent.source, sent.at)
    return _followed(sent, about, context, request, budget)


def rescan(context: Context, request: Request, budget: Budget) -> Outcome:
    """Like `scan_file`, for anything that VirusTotal has; `not_found` if it does not, `skipped` for internal ones."""
    indicator = indicator_of(request.params, context.never_query)
    if indicator.kind == "hash":
        params = {**request.params, "hash": indicator.value}
        return rescan_file(context, request._replace(action="rescan_file", params=params), budget)
    reason = "not_cached" if request.options.cache == "only" else context.never_query.reason(indicator)
    if reason is not None:
        return skipped(indicator, reason)
    about = {"type": indicator.kind, "indicator": indicator.value}
    object_id = write_id(indicator, context, request, budget)
    if object_id is None:
        summary = "not found: VirusTotal does not know this URL; send it with scan_url"
        return noted(indicator, Outcome("not_found", summary, about))
    content = [indicator.kind, object_id]
    sent = _send(content, lambda api: api.rescan(indicator, object_id, budget), context, request, budget)
    if sent.submitted is None:
        summary = said(f"not found: VirusTotal does not know this {indicator.kind}", sent.source)
        return noted(indicator, Outcome("not_found", summary, about, sent.source, sent.at))
    return noted(indicator, _followed(sent, about, context, request, budget))


def scan_url(context: Context, request: Request, budget: Budget) -> Outcome:
    """Like `scan_file`, for a URL; `skipped` for internal ones."""
    if is_private(request.params):
        from .private_scan import scan_url_privately

        return scan_url_privately(context, request, budget)
    url = parse_as("url", request.params["url"])
    reason = "not_cached" if request.options.cache == "only" else context.never_query.reason(url)
    if reason is not None:
        return skipped(url, reason)
    sent = _send([url.value], lambda api: api.scan_url(url, budget), context, request, budget)
    return noted(url, _followed(sent, {"type": "url", "indicator": url.value}, context, request, budget))


class _Sent(NamedTuple):
    """A scan that this or another caller (`source`) submitted. `submitted`: None if VirusTotal does not have the file.

    `at`: epoch seconds.
    """

    submitted: Submitted | None
    source: Source
    at: float


def _send(
    content: list[str],
    submit: Callable[[Api], Submitted | None],
    context: Context,
    request: Request,
    budget: Budget,
) -> _Sent:
    def send(api: Api) -> Entry:
        submitted = submit(api)
        if submitted is None:
            return Entry("not_found", {}, context.clock.now())
        return Entry("ok", {"analysis_id": submitted.analysis_id, "id": submitted.object_id}, context.clock.now())

    entry, source = send_once(content, send, context, request, budget)
    submitted = Submitted(entry.report["analysis_id"], entry.report["id"]) if entry.status == "ok" else None
    return _Sent(submitted, source, entry.fetched_at)


def _followed(sent: _Sent, about: Mapping[str, Any], context: Context, request: Request, budget: Budget) -> Outcome:
    submitted = sent.submitted
    assert submitted is not None, "there is a scan to follow"
    identity = {"id": submitted.object_id} if submitted.object_id else {}
    known = {**about, **identity}
    forget_before_scan(context, known)
    wait_s = float(request.params.get("wait_s", 0))
    if wait_s <= 0:
        queued = pending(submitted.analysis_id, known, "queued", context, request)
        summary = said(queued.summary, sent.source)
        return queued._replace(summary=summary, source=sent.source, fetched_at=sent.at)
    outcome = wait_for(submitted.analysis_id, known, wait_s, context, request, budget)
    return outcome._replace(summary=said(outcome.summary, sent.source))
