"""Any other reading call of API v3, by its path: the response as VirusTotal sends it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

from ..cache import Entry
from ..contract.documents import Outcome, Request
from ..errors import InvalidIndicator, InvalidRequest
from ..indicators import NeverQuery, parse_as, recognise
from ..redaction import known_keys
from ..virustotal import endpoints
from ..virustotal.budget import Budget
from ..virustotal.endpoints import Endpoint
from ..virustotal.port import Api
from .account_secrets import remove_secrets
from .context import Context
from .lookup import skipped
from .path_kinds import lifetime_of
from .path_objects import KINDS, url_of_id, written_at
from .read_through import Query, find
from .search_terms import never_sent as searched_for
from .search_terms import refuse_password

_BEGIN = "/api/v3/"
_MOST_SEGMENTS = 12
# The parameters of a query that have words of a search.
_SHOWING = ("query", "filter", "q")
_OVER_HTTP = (
    "over HTTP, where there is no download_file, GET /api/v3/files/{hash}/download with the right raw, if the server "
    "was started with --allow-downloads"
)
# Calls that do not read JSON, whose response is a secret, or that other actions make with the checks they need.
_REFUSED = {
    "files/*/download": (
        f"use download_file, which checks the file and keeps the key from the storage server; {_OVER_HTTP}"
    ),
    "files/*/download_url": (f"its response lets anybody download the file; use download_file; {_OVER_HTTP}"),
    "files/upload_url": "use scan_file: its response lets anybody upload a file for this account",
    "private/files/upload_url": "use scan_file with private: its response lets anybody upload a file for this account",
    "file_behaviours/*/pcap": "its response is not JSON",
    "file_behaviours/*/evtx": "its response is not JSON",
    "file_behaviours/*/memdump": "its response is not JSON",
    "file_behaviours/*/html": "its response is not JSON",
}


def vt_get(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with `response`, VirusTotal's JSON; `not_found` if VirusTotal has no such object.

    The response is cached by the kind of its path (`path_kinds`), for this API key only. It is without the key and the
    address that VirusTotal's user object has. Raises `InvalidRequest`.
    """
    endpoint, values = call_of(request.params)
    path = endpoint.path
    internal = never_sent(path, values, context.never_query)
    if internal is not None:
        return internal

    def ask(api: Api) -> Entry:
        answer = _asked(api, endpoint, values, budget)
        if answer is None:
            return Entry("not_found", {}, context.clock.now())
        response = dict(answer)
        remove_secrets(response, known_keys(request.api_key))
        return Entry("ok", {"response": response}, context.clock.now())

    segments = [unquote(segment) for segment in path[len(_BEGIN) :].split("/")]
    lifetime = lifetime_of(segments, values)
    if not lifetime.is_cached and request.options.cache == "only":
        return _not_cached(path)
    digest = hashlib.sha256(json.dumps([path, sorted(values.items())]).encode()).hexdigest()
    query = Query(
        f"get:{digest}",
        ask,
        lives_s=lifetime.seconds,
        not_before=written_at(context, segments) if lifetime.is_cached else 0.0,
        purpose=f"vt_get:{segments[0]}",
        is_per_key=True,
        is_counted=endpoint.counted,
    )
    if not lifetime.is_cached:
        request = request._replace(options=request.options._replace(cache="off"))
    found = find(query, context, request, budget)
    if found is None:
        return _not_cached(path)
    entry, source = found
    data: dict[str, Any] = {"path": path}
    if entry.status == "not_found":
        return Outcome("not_found", "not found: VirusTotal has nothing at this path", data, source, entry.fetched_at)
    return Outcome("ok", _summary(entry.report["response"]), {**data, **entry.report}, source, entry.fetched_at)


def _asked(api: Api, endpoint: Endpoint, values: Mapping[str, str], budget: Budget) -> Mapping[str, Any] | None:
    """The response. In place of `me`, the account of the key is asked for."""
    first = f"{_BEGIN}users/me"
    if endpoint.path == first or endpoint.path.startswith(f"{first}/"):
        # A value of the query with the name of the place in the path would be replaced by the key, too.
        query = tuple(name for name in endpoint.query if name != "id")
        own = replace(endpoint, path=f"{_BEGIN}users/{{id}}{endpoint.path[len(first) :]}", query=query)
        return api.own_document(own, values, budget)
    return api.document(endpoint, values, budget)


def _not_cached(path: str) -> Outcome:
    summary = "skipped: it is not in the cache, and cache=only allows no request"
    return Outcome("skipped", summary, {"path": path, "reason": "not_cached"})


def call_of(params: Mapping[str, Any]) -> tuple[Endpoint, dict[str, str]]:
    """The call, and the values of its query. Raises `InvalidRequest` for paths that it does not allow."""
    path = _BEGIN + "/".join(quote(segment, safe="") for segment in _segments(params["path"]))
    query = {name: _text(value) for name, value in (params.get("query") or {}).items()}
    # As the calls of `quota`: https://docs.virustotal.com/reference/user-overall-quotas.
    is_counted = not path.startswith(f"{_BEGIN}users/me/")
    return replace(endpoints.ANY_GET.at(path), query=tuple(sorted(query)), counted=is_counted), query


def _segments(path: str) -> list[str]:
    """The decoded segments of a path below /api/v3/, so that each can be encoded as exactly one segment."""
    told = path[len(_BEGIN) :] if path.startswith(_BEGIN) else path.removeprefix("/")
    if "?" in told or "#" in told or "://" in told:
        raise _refused("has a query or is a URL; give the path only, and the query as params.query")
    segments = [unquote(segment, errors="surrogateescape") for segment in told.removesuffix("/").split("/")]
    for segment in segments:
        if not segment or set(segment) == {"."} or not segment.isprintable() or "/" in segment:
            raise _refused("has an empty or relative segment, or one with a slash or control characters")
    if len(segments) > _MOST_SEGMENTS:
        raise _refused(f"has more than {_MOST_SEGMENTS} segments")
    for shape, why in _REFUSED.items():
        if _has_shape(segments, shape.split("/")):
            raise _refused(f"is not offered: {why}")
    return segments


def never_sent(path: str, values: Mapping[str, str], never_query: NeverQuery) -> Outcome | None:
    """The answer without a request if the path or the query has an indicator that must not be sent."""
    collection, _, rest = path[len(_BEGIN) :].partition("/")
    kind = KINDS.get(collection)
    told = unquote(rest.split("/")[0])
    with contextlib.suppress(InvalidIndicator):
        value = (url_of_id(told) or told) if kind == "url" else told
        indicator = parse_as(kind, value) if kind is not None else recognise(value, never_query)
        if indicator.removed:
            raise _refused("has a URL with a user name or password; use lookup_url, which removes them")
        reason = never_query.reason(indicator)
        if reason is not None:
            return skipped(indicator, reason)
    for name, given in values.items():
        if name in _SHOWING and given:
            refuse_password(given, never_query)
            unsent = searched_for(given, never_query)
            if unsent is not None:
                return unsent
    return None


def _has_shape(segments: list[str], shape: list[str]) -> bool:
    return len(segments) == len(shape) and all(there in ("*", segment) for segment, there in zip(segments, shape))


def _refused(why: str) -> InvalidRequest:
    return InvalidRequest(f"/params/path {why}", details={"path": "/params/path"})


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _summary(response: Mapping[str, Any]) -> str:
    data = response.get("data")
    if isinstance(data, list):
        return f"{len(data)} object{'s' if len(data) != 1 else ''}"
    if isinstance(data, Mapping) and isinstance(data.get("type"), str):
        return f"an object of the type {data['type']}"
    return "VirusTotal's response"
