"""Writes, which change something at VirusTotal: all processes together send equal simultaneous requests once."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Callable

from ..cache import Entry, any_entry
from ..coalescing import Fetched, Task, find_nothing
from ..contract.documents import Request, Source
from ..errors import OutcomeUnknown
from ..indicators import Indicator
from .context import Context
from .lookup import report_on
from .read_through import cache_key, find, report_key
from .request_batch import BatchAnswers

if TYPE_CHECKING:
    from ..virustotal.budget import Budget
    from ..virustotal.port import Api

_SHA256 = 64


def send_once(
    content: list[str],
    send: Callable[[Api], Entry],
    context: Context,
    request: Request,
    budget: Budget,
    purpose: str | None = None,
) -> tuple[Entry, Source]:
    """The answer of `send(api)`. If an equal request of the same key is in flight or was made in the same batch, its
    answer and `shared`.

    Requests are equal if action and `content` are equal. After a request has ended, an equal one of another batch is
    sent again, for every `options.cache`. `purpose`: as in `Query`. Raises `ConnectorError`: `OutcomeUnknown` also if
    the process that sent the equal request ended without an answer.
    """
    account = context.account(request.api_key)
    digest = hashlib.sha256(json.dumps([request.action, account.identity, *content]).encode()).hexdigest()
    key = cache_key(context, f"write:{digest}")

    def fetch(waiting: Callable[[bool], None]) -> Fetched:
        budget.waiting = waiting
        try:
            return Fetched(account.ask(permit, send, budget))
        except OutcomeUnknown as error:
            batch.note_written(key, error)
            raise

    batch = context.batch or BatchAnswers()
    permit = account.permit(purpose or request.action, key, budget)
    task = Task(
        key,
        account.identity,
        find_nothing,
        fetch,
        _not_cached,
        any_entry,
        is_write=True,
        lasts=False,
        turn=permit.turn,
        permit=permit,
    )
    try:
        fetched = context.single_flight.run(
            task,
            budget.deadline,
            known=lambda: batch.written(key),
            tell=lambda fetched: batch.note_written(key, fetched),
        )
    except OutcomeUnknown as error:
        batch.note_written(key, error)  # also if another process sent the request
        raise
    finally:
        permit.leave()
    return fetched.entry, "shared" if fetched.is_shared else "api"


def said(summary: str, source: Source | None) -> str:
    """`summary` of a write, with a note if an equal request was sent instead of this one."""
    return (
        f"{summary} (equal requests of a batch or at the same moment are sent once)" if source == "shared" else summary
    )


def known_sha256(file: Indicator, context: Context) -> str | None:
    """The SHA-256 of the file with the hash `file`, if the cache knows it."""
    if len(file.value) == _SHA256:
        return file.value
    entry = context.cache.peek(report_key(context, file), lambda entry: entry.status == "ok")
    found = entry.report.get("hashes", {}).get("sha256") if entry else None
    return found if isinstance(found, str) and len(found) == _SHA256 else None


def write_id(indicator: Indicator, context: Context, request: Request, budget: Budget) -> str | None:
    """VirusTotal's id of `indicator` for a write with API v3; None if VirusTotal does not know the URL.

    A URL's is the SHA-256 in VirusTotal's report, which costs a request if it is not cached: writes to the base64 id
    returned 404, although reads worked. Raises `ConnectorError`.
    """
    if indicator.kind == "hash":
        return known_sha256(indicator, context) or indicator.value
    if indicator.kind != "url" or not context.account(request.api_key).writes_to_url_ids:
        return indicator.vt_id
    found = find(report_on(indicator, context, request, budget), context, request, budget)
    if found is None:
        return None
    object_id = found[0].report.get("id")
    return object_id if isinstance(object_id, str) else None


def _not_cached(entry: Entry, public: Entry | None) -> Fetched:
    return Fetched(entry, public)
