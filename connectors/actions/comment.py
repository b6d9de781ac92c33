"""Commenting on an indicator. Comments are public, under the account's name."""

from __future__ import annotations

from ..contract import Outcome, Request
from ..indicators import Indicator, parse_as, recognise
from ..virustotal.budget import Budget
from .context import Context
from .lookup import find, skipped


def add_comment(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with `comment_id`, `not_found` where VirusTotal does not know the indicator, `skipped` for internal ones."""
    value, kind = request.params["indicator"], request.params.get("type")
    indicator = parse_as(kind, value) if kind else recognise(value)
    about = {"type": indicator.kind, "indicator": indicator.value}
    reason = context.never_query.reason(indicator)
    if reason is not None:
        return skipped(indicator, reason)
    object_id: str | None = indicator.vt_id
    if indicator.kind == "url":
        # Reading takes a URL's base64, writing wants its SHA-256: that is in VirusTotal's answer.
        found = find(indicator, context, request, budget)
        if found is None:
            return skipped(indicator, "not_cached")
        object_id = found[0].report.get("id")
    if object_id is None:
        return _unknown(indicator, about)
    text = request.params["comment"]
    account = context.account(request.api_key)
    comment = account.ask(request.action, lambda api: api.add_comment(indicator.kind, object_id, text, budget), budget)
    if comment is None:
        return _unknown(indicator, about)
    data = {**about, "comment_id": comment["id"], "comment": text}
    return Outcome("ok", f"commented on {indicator.value}", data, "api", context.clock.now())


def _unknown(indicator: Indicator, about: dict[str, str]) -> Outcome:
    return Outcome(
        "not_found", f"not found: VirusTotal does not know this {indicator.kind}, so nothing was said", about
    )
