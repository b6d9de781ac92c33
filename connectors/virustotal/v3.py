"""API v3's calls (https://docs.virustotal.com/reference/overview)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..api_key import ApiKey
from ..errors import Conflict, InvalidResponse, RateLimited
from ..indicators import Indicator, Kind
from . import endpoints
from .answers import NotFound
from .api import Analysis, Comment, Known, Resolution, Rows, Submitted
from .budget import Budget
from .client import Client
from .endpoints import Endpoint
from .origin import checked_upload_url
from .quotas import overall_quotas
from .reading import analysis_status, epoch, mapping, objects_of, text
from .transport import Upload

# VirusTotal takes 32 MB in one request, headers of the parts included
# (https://docs.virustotal.com/reference/files-scan).
LARGEST_DIRECT_UPLOAD = 32_000_000
PAGE = 40
_MOST_PAGES = 100

REPORT: dict[Kind, Endpoint] = {
    "hash": endpoints.FILE,
    "url": endpoints.URL,
    "domain": endpoints.DOMAIN,
    "ip": endpoints.IP,
}
COLLECTION: dict[Kind, str] = {"hash": "files", "url": "urls", "domain": "domains", "ip": "ip_addresses"}
_TYPE: dict[Kind, str] = {"hash": "file", "url": "url", "domain": "domain", "ip": "ip_address"}


class ApiV3:
    """See `api.Api`."""

    version = "3"
    writes_to_url_ids = True

    def __init__(self, client: Client, key: ApiKey) -> None:
        """`key` names the account in the quota call."""
        self._client = client
        self._key = key

    def lookup(self, indicator: Indicator, budget: Budget, object_id: str | None = None) -> Known | None:
        try:
            answer = self._client.ask(REPORT[indicator.kind], {"id": object_id or indicator.vt_id}, budget)
        except NotFound:
            return None
        vt_object = _object(answer, _TYPE[indicator.kind])
        return Known(vt_object, vt_object)

    def add_comment(self, indicator: Indicator, object_id: str | None, text: str, budget: Budget) -> Comment | None:
        """Writing to a URL's base64 id was answered 404 where reading was not: `object_id` is its SHA-256."""
        values = {"collection": COLLECTION[indicator.kind], "id": object_id or indicator.vt_id, "text": text}
        try:
            return self._client.write(
                endpoints.ADD_COMMENT, values, budget, lambda answer: _comment(_object(answer, "comment"))
            )
        except NotFound:
            return None

    def comments(self, indicator: Indicator, limit: int, budget: Budget) -> Rows | None:
        return self._rows(endpoints.COMMENTS, indicator, limit, _comment, budget)

    def resolutions(self, indicator: Indicator, limit: int, budget: Budget) -> Rows | None:
        return self._rows(endpoints.RESOLUTIONS, indicator, limit, _resolution, budget)

    def scan_file(self, upload: Upload, sha256: str, budget: Budget) -> Submitted:
        endpoint = endpoints.UPLOAD
        try:
            if upload.size > LARGEST_DIRECT_UPLOAD:
                address = self._client.ask(endpoints.UPLOAD_ADDRESS, {}, budget).get("data")
                endpoint = endpoint.at(checked_upload_url(address, self._client.base_url))
            return Submitted(self._client.write(endpoint, {}, budget, _analysis_id, upload), sha256)
        except NotFound:
            raise _no_such_call() from None
        except Conflict as conflict:
            # The same file is being submitted by somebody else: their analysis will do.
            return Submitted(self._analysis_under_way(sha256, budget, conflict), sha256)

    def _analysis_under_way(self, sha256: str, budget: Budget, conflict: Conflict) -> str:
        try:
            found = objects_of(self._client.ask(endpoints.ANALYSES, {"id": sha256, "limit": "1"}, budget))
        except NotFound:
            raise conflict from None
        if not found or text(found[0].get("id")) is None:
            raise conflict
        return str(found[0]["id"])

    def rescan_file(self, indicator: Indicator, budget: Budget) -> Submitted | None:
        try:
            values = {"id": indicator.vt_id}
            return Submitted(self._client.write(endpoints.RESCAN_FILE, values, budget, _analysis_id))
        except NotFound:
            return None

    def scan_url(self, indicator: Indicator, budget: Budget, *, only_if_missing: bool = False) -> Submitted:
        try:
            found = self._client.write(endpoints.SCAN_URL, {"url": indicator.value}, budget, _analysis_id)
        except NotFound:
            raise _no_such_call() from None
        # A URL's analysis has its SHA-256 in its id: `u-<sha256>-<epoch>`.
        parts = found.split("-")
        return Submitted(found, parts[1] if len(parts) == 3 and len(parts[1]) == 64 else None)

    def analysis(self, analysis_id: str, budget: Budget) -> Analysis | None:
        try:
            answer = self._client.ask(endpoints.ANALYSIS, {"id": analysis_id}, budget)
        except NotFound:
            return None
        vt_object = _object(answer, "analysis")
        attributes, meta = mapping(vt_object.get("attributes")), mapping(answer.get("meta"))
        url_info, file_info = mapping(meta.get("url_info")), mapping(meta.get("file_info"))
        is_url = bool(url_info) or (not file_info and analysis_id.startswith("u-"))
        sha256 = text(url_info.get("id")) if is_url else text(file_info.get("sha256"))
        return Analysis(
            analysis_id=analysis_id,
            status=analysis_status(attributes.get("status")),
            kind="url" if is_url else "hash",
            object_id=sha256,
            indicator=text(url_info.get("url")) if is_url else sha256,
            attributes=attributes,
            raw=vt_object,
        )

    def overall_quotas(self, budget: Budget) -> dict[str, Any]:
        return overall_quotas(self._client, self._key, budget)

    def _rows(
        self,
        endpoint: Endpoint,
        indicator: Indicator,
        limit: int,
        row: Callable[[Mapping[str, Any]], Any],
        budget: Budget,
    ) -> Rows | None:
        """Pages of 40 until there are `limit` rows, or no more; or no more quota, once there are some."""
        found: list[Mapping[str, Any]] = []
        values = {"collection": COLLECTION[indicator.kind], "id": indicator.vt_id}
        cursor = ""
        for _ in range(_MOST_PAGES):
            values["limit"] = str(min(PAGE, limit - len(found)))
            try:
                answer = self._client.ask(endpoint, {**values, **({"cursor": cursor} if cursor else {})}, budget)
            except NotFound:
                return None
            except RateLimited:
                if not found:
                    raise
                break
            page = objects_of(answer)
            found += page
            # The end is told by no cursor, an empty one, or the same again.
            last, cursor = cursor, text(mapping(answer.get("meta")).get("cursor")) or ""
            if cursor == last:
                cursor = ""
            if not page or not cursor or len(found) >= limit:
                break
        shown = found[:limit]
        return Rows(tuple(row(item) for item in shown), tuple(shown), more=bool(cursor) or len(found) > limit)


def _no_such_call() -> InvalidResponse:
    """Where nothing can be unknown."""
    return InvalidResponse("VirusTotal says that there is no such call (HTTP 404); check VT_API_URL", http_status=404)


def _object(answer: dict[str, Any], kind: str) -> dict[str, Any]:
    """The one object of an answer, if it is one of `kind`. Only `type` and `id` are promised."""
    data = answer.get("data")
    if not isinstance(data, dict) or data.get("type") != kind or not isinstance(data.get("id"), str):
        raise InvalidResponse(f"VirusTotal's answer is not a {kind} object", http_status=200)
    return data


def _analysis_id(answer: dict[str, Any]) -> str:
    """An analysis's id is opaque; some of 2019 were bare numbers."""
    data = mapping(answer.get("data"))
    found = data.get("id")
    if data.get("type") != "analysis" or isinstance(found, bool) or not isinstance(found, (str, int)) or found == "":
        raise InvalidResponse("VirusTotal's answer is not an analysis", http_status=200)
    return str(found)


def _comment(vt_object: Mapping[str, Any]) -> Comment:
    attributes = mapping(vt_object.get("attributes"))
    tags = attributes.get("tags")
    return Comment(
        text=text(attributes.get("text")) or "",
        comment_id=text(vt_object.get("id")),
        date=epoch(attributes.get("date")),
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
    )


def _resolution(vt_object: Mapping[str, Any]) -> Resolution:
    attributes = mapping(vt_object.get("attributes"))
    return Resolution(
        host=text(attributes.get("host_name")),
        ip=text(attributes.get("ip_address")),
        date=epoch(attributes.get("date")),
        resolver=text(attributes.get("resolver")),
    )
