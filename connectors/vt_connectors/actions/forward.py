"""Any writing call of API v3, by its path: sent once, with its effects on the cache.

Request documents cannot name these actions: a server calls them for the calls of VirusTotal's API that it passes on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

from ..cache import Entry
from ..contract.documents import Outcome, Request
from ..errors import InvalidRequest
from ..indicators import parse_as
from ..redaction import known_keys
from ..virustotal.budget import Budget
from ..virustotal.coerce import mapping, text
from ..virustotal.endpoints import Endpoint
from ..virustotal.identity import url_of_analysis
from ..virustotal.port import Api
from ..virustotal.responses import own_words
from .account_secrets import remove_secrets
from .any_get import call_of, never_sent
from .comment_by_id import forget_comment
from .context import Context
from .file_sample import ReceivedFile, Sample, received_sample
from .lookup import skipped
from .path_kinds import LISTINGS
from .path_objects import about
from .read_through import Query, find
from .same_object import forget_before_scan, forget_listing
from .writes import send_once

Method = Literal["POST", "PATCH", "DELETE", "PUT"]
_BEGIN = "/api/v3/"
_URLS = (["urls"], ["private", "urls"])
_FILES = (["files"], ["private", "files"])


@dataclass(frozen=True)
class Write:
    """A writing call. `path`: below `/api/v3/`, with encoded segments. `body`: content and its type.

    `fields`: of a form, or those before `file`. `address`: what `upload_address`
    gave for this upload; then `path` says which call it stands for.
    """

    method: Method
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: tuple[bytes, str] | None = None
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    file: ReceivedFile | None = None
    address: str | None = field(default=None, repr=False)

    @property
    def params(self) -> dict[str, Any]:
        """What the core checks for API keys."""
        body = self.body[0].decode("utf-8", "replace") if self.body else ""
        name = self.file.name if self.file else ""
        return {"path": self.path, "query": dict(self.query), "fields": dict(self.fields), "body": body, "name": name}


class Forward:
    """The action that sends `write`.

    `ok` with `response`, empty if VirusTotal's is; `not_found`; `skipped` for internal hosts. Raises `ConnectorError`:
    `OutcomeUnknown` if no response came, because the call is never repeated.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        # The URL, or the SHA-256 of the file, whatever comes of the call; None if there is neither, or not yet.
        self.submitted = write.fields.get("url")

    def __call__(self, context: Context, request: Request, budget: Budget) -> Outcome:
        write = self._write
        context.guard.read_key()
        context.guard.refuse(request.action, request.params, request.api_key)
        path, segments = _path_of(write)
        internal = never_sent(path, write.query, context.never_query)
        if internal is not None:
            return internal
        fields = dict(write.fields)
        if not fields.keys().isdisjoint(write.query):
            raise InvalidRequest("a value is in the query and in the form: give it once")
        if segments in _URLS and "url" in fields:
            url = parse_as("url", fields["url"])
            reason = context.never_query.reason(url)
            if reason is not None:
                return skipped(url, reason)
            fields["url"] = url.value
        endpoint = _endpoint(write, path, fields)
        sample = received_sample(write.file, known_keys(request.api_key)) if write.file is not None else None
        self.submitted = sample.sha256 if sample is not None else fields.get("url")
        upload = sample.upload(budget.observer.bytes_sent) if sample is not None else None

        def send(api: Api) -> Entry:
            response = api.change(endpoint, {**write.query, **fields}, budget, dict, upload)
            if response is None:
                return Entry("not_found", {}, context.clock.now())
            remove_secrets(response, known_keys(request.api_key))
            return Entry("ok", {"response": response}, context.clock.now())

        # Equal calls of two clients are two calls.
        once = [path, os.urandom(16).hex()]
        entry, source = send_once(once, send, context, request, budget, f"forward:{write.method}:{segments[0]}")
        if entry.status == "not_found":
            return Outcome("not_found", "not found", {"path": path}, source, entry.fetched_at)
        _forget(context, segments, fields, sample, entry.report["response"])
        return Outcome("ok", "done", {"path": path, **entry.report}, source, entry.fetched_at)


def upload_address(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with `address`: where VirusTotal takes one upload for this account, with `params["private"]` of a private
    scan. It lets anybody upload, so it must not leave this process. Raises `ConnectorError`.
    """

    def ask(api: Api) -> Entry:
        address = api.upload_address(budget, private=bool(request.params.get("private")))
        return Entry("ok", {"address": address}, context.clock.now())

    uncached = request._replace(options=request.options._replace(cache="off"))
    # An address is valid for one upload, so no two callers may get the same.
    query = Query(f"upload_address:{os.urandom(16).hex()}", ask, is_per_key=True, purpose="upload_address")
    found = find(query, context, uncached, budget)
    assert found is not None  # the cache mode allows a request
    return Outcome("ok", "an address for one upload", dict(found[0].report), found[1], found[0].fetched_at)


def _path_of(write: Write) -> tuple[str, list[str]]:
    """The path as it is sent, and its decoded segments. Raises `InvalidRequest`."""
    path = call_of({"path": write.path})[0].path
    return path, [unquote(segment) for segment in path[len(_BEGIN) :].split("/")]


def _endpoint(write: Write, path: str, fields: Mapping[str, str]) -> Endpoint:
    endpoint = Endpoint(
        "forward",
        "3",
        write.method,
        "{path}",
        tuple(write.query),
        form=tuple(fields),
        file=write.file is not None,
        writes=True,
        content=write.body,
    )
    return endpoint.at(write.address or path)


def _forget(
    context: Context,
    segments: list[str],
    fields: Mapping[str, str],
    sample: Sample | None,
    response: Mapping[str, Any],
) -> None:
    """Remove what the write has made outdated from the cache."""
    if segments[0] == "private":
        return
    if segments in _FILES and sample is not None:
        hashes = dict(sample.hashes)
        known = {"type": "hash", "indicator": hashes["sha256"], "id": hashes["sha256"], "hashes": hashes}
        forget_before_scan(context, known)
    elif segments in _URLS and "url" in fields:
        analysis_id = text(mapping(response.get("data")).get("id")) or ""
        object_id = url_of_analysis(analysis_id)
        known = {"type": "url", "indicator": fields["url"]}
        forget_before_scan(context, {**known, "id": object_id} if object_id else known)
    elif segments[0] == "comments" and len(segments) > 1:
        forget_comment(context, segments[1])
    elif len(segments) == 3:
        written = about(segments)
        if written is not None and segments[2] == "analyse":
            forget_before_scan(context, written)
        elif written is not None and segments[2] in LISTINGS:
            forget_listing(context, written, segments[2])


def said_by_virustotal(message: str) -> str:
    """VirusTotal's own words in the message of an error, for clients that expect its API; else the message."""
    return own_words(message)
