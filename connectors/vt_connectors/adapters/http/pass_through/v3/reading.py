"""Reading calls of API v3: reports from the cache that all faces share, other calls by their path."""

from __future__ import annotations

from typing import Any, Callable
from urllib.parse import quote, urlencode

from .....actions.action import Run
from .....actions.any_get import vt_get
from .....actions.forward import upload_address
from .....actions.path_objects import is_url_hash, url_of_id
from .....actions.url_by_id import look_up_url_id
from .....contract.documents import Options, Request
from .....contract.response import Response
from .....errors import InvalidIndicator
from .....indicators import Kind, recognise
from ...callers import Caller
from ...execution import Execution
from ...messages import Call, Note, Refused, Reply, json_reply
from ...token_text import shown
from ..links import with_own_links
from ..reply_headers import headers_of, reason_of
from ..request_options import options_of
from ..upload_names import UploadNames
from .downloads import download_reply
from .errors import error_reply
from .paths import BEGIN, UPLOADS, Target, UploadAddress
from .replies import note_on, unsuccessful

VERSION = "3"
_KINDS: dict[str, tuple[str, Kind]] = {
    "files": ("lookup_hash", "hash"),
    "urls": ("lookup_url", "url"),
    "domains": ("lookup_domain", "domain"),
    "ip_addresses": ("lookup_ip", "ip"),
}
_OF_SEARCH = frozenset(("query", "limit"))
_RAW = frozenset(("raw",))


class Reading:
    """One reading call."""

    def __init__(
        self,
        execution: Execution,
        call: Call,
        caller: Caller,
        target: Target,
        base: str,
        uploads: UploadNames[UploadAddress],
        download_bytes: int,
    ) -> None:
        self._execution = execution
        self._call = call
        self._caller = caller
        self._target = target
        self._base = base
        self._uploads = uploads
        self._download_bytes = download_bytes
        self._options = options_of(call)

    def reply(self) -> Reply:
        target = self._target
        if target.is_upload_address:
            return self._upload_address()
        if target.is_download:
            return download_reply(self._execution, self._call, self._caller, target, self._download_bytes)
        if target.is_report and not target.values:
            return self._report()
        kind = self._searched()
        if kind is not None:
            return self._search(kind)
        params = {"path": target.path, "query": target.values}
        response = self._perform(vt_get, Request("vt_get", params))
        return self._reply(response, lambda data: data["response"])

    def _report(self) -> Reply:
        collection, told = self._target.segments
        if collection == "urls" and is_url_hash(told):
            response = self._perform(look_up_url_id, Request("lookup_url", {"id": told}, Options(include=_RAW)))
        else:
            value = url_of_id(told) if collection == "urls" else told
            if value is None:
                raise Refused(400, "url_id", f'"{shown(self._target.told, 100)}" is not a valid URL identifier')
            response = self._look_up(_KINDS[collection], value)
        return self._reply(response, lambda data: {"data": data["raw"]})

    def _searched(self) -> Kind | None:
        """The kind of the one indicator that is searched for, if it is one."""
        values = self._target.values
        if self._target.segments != ["search"] or not values.get("query") or not _OF_SEARCH.issuperset(values):
            return None
        try:
            return recognise(values["query"]).kind
        except InvalidIndicator:
            return None

    def _search(self, kind: Kind) -> Reply:
        """A search for an indicator, from its report."""
        query = self._target.values["query"]
        response = self._look_up(next(each for each in _KINDS.values() if each[1] == kind), query)
        links = {"self": f"{BEGIN}search?{urlencode(self._target.values)}"}
        if response["status"] in ("not_found", "skipped") and reason_of(response) != "not_cached":
            empty = {"data": [], "meta": {"count": 0, "cursor": ""}, "links": links}
            return json_reply(200, with_own_links(empty, self._base), headers_of(response), self._note(response))
        return self._reply(response, lambda data: {"data": [data["raw"]], "meta": {"count": 1}, "links": links})

    def _upload_address(self) -> Reply:
        is_private = self._target.segments[0] == "private"
        response = self._perform(upload_address, Request("upload_address", {"private": is_private}))
        if response["status"] != "ok":
            return error_reply(response, self._note(response))
        address = UploadAddress((response["data"] or {})["address"], is_private)
        name = self._uploads.keep(self._caller.client, address)
        return json_reply(
            200, {"data": f"{self._base}{UPLOADS}{quote(name)}"}, headers_of(response), self._note(response)
        )

    def _look_up(self, how: tuple[str, Kind], value: str) -> Response:
        action, param = how
        options = {"include": ["raw"], **self._options.document}
        document = {"action": action, "params": {param: value}, "options": options}
        return self._execution.answer(document, self._caller, version=VERSION, longest_wait_s=self._options.wait_s)

    def _perform(self, run: Run, request: Request) -> Response:
        options = request.options._replace(cache=self._options.cache, max_age_s=self._options.max_age_s)
        return self._execution.perform(
            run,
            request._replace(options=options),
            self._caller,
            version=VERSION,
            longest_wait_s=self._options.wait_s,
            may_be_cached=run is not upload_address,
        )

    def _reply(self, response: Response, document_of: Callable[[Any], Any]) -> Reply:
        note = self._note(response)
        if response["status"] == "ok":
            document = with_own_links(document_of(response["data"]), self._base)
            return json_reply(200, document, headers_of(response), note)
        return unsuccessful(response, self._target, note)

    def _note(self, response: Response) -> Note:
        return note_on(response, self._call, self._target)
