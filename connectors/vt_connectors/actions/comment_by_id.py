"""One comment, by its id: reading it, and deleting one's own."""

from __future__ import annotations

from typing import Any

from ..cache import Entry
from ..clock import iso
from ..contract.documents import Outcome, Request
from ..errors import Forbidden
from ..indicators.indicator import checked_text, refuse
from ..quick_imports import pattern
from ..virustotal import endpoints
from ..virustotal.budget import Budget
from ..virustotal.identity import another
from ..virustotal.port import Api
from ..virustotal.v3_objects import comment_of, object_of
from .answer_parts import raw_if_requested
from .context import Context
from .read_through import Query, cache_key, find, forget
from .same_object import forget_listing, written_key
from .writes import said, send_once

_KINDS = {"f": "hash", "u": "url", "d": "domain", "i": "ip"}
# The first letter of the object's kind, its id, and eight hexadecimal digits. Old ids have other endings.
_ID = pattern(r"[a-z]-[^\s/]{1,400}-[0-9A-Za-z]{1,32}")


def get_comment(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with the comment; `not_found` if there is none with this id, for example because it was deleted."""
    comment_id = checked_comment_id(request.params["comment_id"])

    def ask(api: Api) -> Entry:
        answer = api.document(endpoints.COMMENT, {"id": comment_id}, budget)
        now = context.clock.now()
        if answer is None:
            return Entry("not_found", {}, now)
        found = comment_of(object_of(dict(answer), "comment"))
        if found.comment_id != comment_id:
            raise another(comment_id, found.comment_id or "")
        report: dict[str, Any] = {"comment": found.text, "tags": list(found.tags)}
        if found.date:
            report["date"] = iso(found.date)
        if "raw" in request.options.include:
            report["raw"] = dict(answer["data"])
        return Entry("ok", report, now)

    query = Query(
        _key(comment_id), ask, parts=raw_if_requested(request.options), lives_s=context.freshness.ttl_not_found_s
    )
    found = find(query, context, request, budget)
    if found is None:
        return _not_cached(comment_id)
    entry, source = found
    if entry.status == "not_found":
        return _unknown(comment_id)._replace(source=source, fetched_at=entry.fetched_at)
    data = {"comment_id": comment_id, **entry.report}
    return Outcome("ok", data["comment"][:200], data, source, entry.fetched_at)


def delete_comment(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` if the comment was deleted; `not_found` if there is none. Only one's own comments can be deleted: for
    others, VirusTotal's refusal is `Forbidden`.
    """
    comment_id = checked_comment_id(request.params["comment_id"])
    if request.options.cache == "only":
        return _not_cached(comment_id)

    def send(api: Api) -> Entry:
        try:
            deleted = api.change(endpoints.DELETE_COMMENT, {"id": comment_id}, budget, lambda _: True)
        except Forbidden as error:
            if error.http_status is None:
                raise
            raise Forbidden(
                "VirusTotal did not delete the comment: an account can delete its own comments only",
                http_status=error.http_status,
                vt_code=error.vt_code,
            ) from None
        return Entry("ok" if deleted else "not_found", {}, context.clock.now())

    entry, source = send_once([comment_id], send, context, request, budget)
    forget_comment(context, comment_id)
    if entry.status == "not_found":
        return _unknown(comment_id)._replace(source=source, fetched_at=entry.fetched_at)
    data = {"comment_id": comment_id, "deleted": True}
    return Outcome("ok", said("the comment was deleted", source), data, source, entry.fetched_at)


def forget_comment(context: Context, comment_id: str) -> None:
    """Remove a comment that was changed from the cache, also from the comments on its object."""
    forget(context, cache_key(context, _key(comment_id)))
    context.cache.put(cache_key(context, written_key(_key(comment_id))), Entry("ok", {}, context.clock.now()))
    letter, _, rest = comment_id.partition("-")
    object_id = rest.rpartition("-")[0]
    if letter in _KINDS and object_id:
        forget_listing(context, {"type": _KINDS[letter], "indicator": object_id, "id": object_id}, "comments")


def checked_comment_id(value: object) -> str:
    """Raises `InvalidIndicator`."""
    comment_id = checked_text(value)
    if not _ID.fullmatch(comment_id) or ".." in comment_id.split("-"):
        raise refuse(comment_id, "is not the id of a comment")
    return comment_id


def _key(comment_id: str) -> str:
    return f"comment:{comment_id}"


def _unknown(comment_id: str) -> Outcome:
    summary = "not found: VirusTotal has no comment with this id; it may have been deleted"
    return Outcome("not_found", summary, {"comment_id": comment_id})


def _not_cached(comment_id: str) -> Outcome:
    summary = "skipped: it is not in the cache, and cache=only allows no request"
    return Outcome("skipped", summary, {"comment_id": comment_id, "reason": "not_cached"})
