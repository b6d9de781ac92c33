"""Having VirusTotal scan: a file that is sent, one it has already, a URL. Sent once, never repeated unasked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..contract import Outcome, Request
from ..indicators import Indicator, parse_as
from ..virustotal.api import Submitted
from ..virustotal.budget import Budget
from .analysis import forget_outdated, pending, wait_for
from .context import Context
from .lookup import skipped
from .sample import opened


def scan_file(context: Context, request: Request, budget: Budget) -> Outcome:
    """`pending` with `analysis_id`; `ok` with the verdict if the scan is over within `wait_s`."""
    with opened(request.params) as sample:
        file = Indicator("hash", sample.sha256)
        if request.options.cache == "only":
            return skipped(file, "not_cached")
        upload = sample.upload(budget.sent)
        submitted = context.account(request.api_key).ask(
            request.action, lambda api: api.scan_file(upload, sample.sha256, budget), budget
        )
    about = {"type": "hash", "indicator": sample.sha256, "id": sample.sha256, "hashes": dict(sample.hashes)}
    return _followed(submitted, about, context, request, budget)


def rescan_file(context: Context, request: Request, budget: Budget) -> Outcome:
    """As `scan_file`, of a file VirusTotal has; `not_found` where it has not."""
    file = parse_as("hash", request.params["hash"])
    if request.options.cache == "only":
        return skipped(file, "not_cached")
    submitted = context.account(request.api_key).ask(request.action, lambda api: api.rescan_file(file, budget), budget)
    about = {"type": "hash", "indicator": file.value}
    if submitted is None:
        said = "not found: VirusTotal does not have this file; send it with scan_file"
        return Outcome("not_found", said, about, "api", context.clock.now())
    return _followed(submitted, about, context, request, budget)


def scan_url(context: Context, request: Request, budget: Budget) -> Outcome:
    """As `scan_file`, of a URL; `skipped` for internal ones."""
    url = parse_as("url", request.params["url"])
    reason = "not_cached" if request.options.cache == "only" else context.never_query.reason(url)
    if reason is not None:
        return skipped(url, reason)
    submitted = context.account(request.api_key).ask(request.action, lambda api: api.scan_url(url, budget), budget)
    return _followed(submitted, {"type": "url", "indicator": url.value}, context, request, budget)


def _followed(
    submitted: Submitted, about: Mapping[str, Any], context: Context, request: Request, budget: Budget
) -> Outcome:
    identity = {"id": submitted.object_id} if submitted.object_id else {}
    known = {**about, **identity}
    forget_outdated(context, known)
    wait_s = float(request.params.get("wait_s", 0))
    if wait_s <= 0:
        return pending(submitted.analysis_id, known, "queued", context, request)
    return wait_for(submitted.analysis_id, known, wait_s, context, request, budget)
