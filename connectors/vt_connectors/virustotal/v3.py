"""API v3's calls (https://docs.virustotal.com/reference/overview)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ..api_key import ApiKey
from ..errors import Cancelled, Conflict, ConnectorError, Forbidden
from ..indicators import Indicator, Kind
from ..quota.account_usage import Days
from . import endpoints, identity, v3_objects
from .account_figures import api_usage, overall_quotas
from .budget import Budget
from .client import Client
from .coerce import analysis_status, mapping, objects_of, objects_or_object_of, text
from .downloads import download_file
from .endpoints import Endpoint
from .http.given_urls import checked_private_upload_url, checked_upload_url
from .http.transport import Download, Upload
from .large_uploads import LARGEST_DIRECT_UPLOAD as LARGEST_DIRECT_UPLOAD
from .large_uploads import upload_address
from .paging import pages
from .port import Analysis, Comment, Known, Resolution, Result, Rows, RowsCall, Submitted
from .responses import NotFound
from .v3_objects import analysis_id_of
from .v3_private import scan_privately

PAGE = 40

REPORT: dict[Kind, Endpoint] = {
    "hash": endpoints.FILE,
    "url": endpoints.URL,
    "domain": endpoints.DOMAIN,
    "ip": endpoints.IP,
}
COLLECTION: dict[Kind, str] = {"hash": "files", "url": "urls", "domain": "domains", "ip": "ip_addresses"}
_TYPE: dict[Kind, str] = {"hash": "file", "url": "url", "domain": "domain", "ip": "ip_address"}


class ApiV3:
    """See `port.Api`."""

    writes_to_url_ids = True

    def __init__(self, client: Client, key: ApiKey) -> None:
        """`key` identifies the account in the quota call."""
        self._client = client
        self._key = key
        self._may_list_analyses = True

    def lookup(
        self, indicator: Indicator, budget: Budget, object_id: str | None = None, relationships: Sequence[str] = ()
    ) -> Known | None:
        values = {"id": object_id or indicator.vt_id}
        if relationships:
            values["relationships"] = ",".join(relationships)
        try:
            answer = self._client.ask(REPORT[indicator.kind], values, budget)
        except NotFound:
            return None
        vt_object = v3_objects.object_of(answer, _TYPE[indicator.kind])
        identity.check_object(vt_object, indicator, object_id)
        return Known(vt_object, vt_object)

    def add_comment(self, indicator: Indicator, object_id: str | None, text: str, budget: Budget) -> Comment | None:
        """`object_id` is a URL's SHA-256, because writes to its base64 id returned 404, although reads worked."""
        values = {"collection": COLLECTION[indicator.kind], "id": object_id or indicator.vt_id, "text": text}

        def understood(answer: dict[str, Any]) -> Comment:
            said = v3_objects.comment_of(v3_objects.object_of(answer, "comment"))
            identity.check_comment(said.comment_id, indicator, object_id)
            return said

        try:
            return self._client.write(endpoints.ADD_COMMENT, values, budget, understood)
        except NotFound:
            return None

    def comments(self, indicator: Indicator, limit: int, budget: Budget) -> Rows | None:
        def row(item: Mapping[str, Any]) -> Comment:
            comment = v3_objects.comment_of(v3_objects.row_of(item, "comment"))
            identity.check_comment(comment.comment_id, indicator)
            return comment

        return self._rows(endpoints.COMMENTS, indicator, limit, row, budget)

    def resolutions(self, indicator: Indicator, limit: int, budget: Budget) -> Rows | None:
        def row(item: Mapping[str, Any]) -> Resolution:
            resolution = v3_objects.resolution_of(v3_objects.row_of(item, "resolution"))
            identity.check_resolution(resolution.host, resolution.ip, indicator)
            return resolution

        return self._rows(endpoints.RESOLUTIONS, indicator, limit, row, budget)

    def related(
        self, endpoint: Endpoint, vt_type: str, indicator: Indicator, limit: int, budget: Budget
    ) -> Rows | None:
        return self._rows(endpoint, indicator, limit, lambda item: v3_objects.row_of(item, vt_type), budget)

    def scan_privately(
        self, upload: Upload, hashes: Mapping[str, str], options: Mapping[str, str], budget: Budget
    ) -> Submitted:
        return scan_privately(self._client, upload, hashes, options, budget)

    def download(self, file: Indicator, download: Download, budget: Budget) -> bool:
        return download_file(self._client, file, download, budget)

    def scan_file(
        self, upload: Upload, hashes: Mapping[str, str], budget: Budget, password: str | None = None
    ) -> Submitted:
        endpoint, sha256 = endpoints.UPLOAD, hashes["sha256"]
        values = {} if password is None else {"password": password}
        file = Indicator("hash", sha256)

        def understood(answer: dict[str, Any]) -> str:
            return analysis_id_of(answer, file, hashes)

        try:
            if upload.size > LARGEST_DIRECT_UPLOAD:
                endpoint = endpoint.at(upload_address(self._client, budget))
            return Submitted(self._client.write(endpoint, values, budget, understood, upload), sha256)
        except NotFound:
            raise v3_objects.no_such_call() from None
        except Conflict as conflict:
            # Another client is submitting the same file, so use that analysis.
            under_way = self._analysis_under_way(sha256, budget)
            if under_way is None:
                raise v3_objects.being_scanned(conflict) from None
            return Submitted(under_way, sha256)

    def _analysis_under_way(self, sha256: str, budget: Budget) -> str | None:
        """None if it cannot be found. Only premium keys may use this call, so another key asks once."""
        if not self._may_list_analyses:
            return None
        try:
            found = objects_of(self._client.ask(endpoints.ANALYSES, {"id": sha256, "limit": "1"}, budget))
        except Cancelled:
            raise
        except Forbidden:
            self._may_list_analyses = False
            return None
        except (NotFound, ConnectorError):
            return None
        return text(found[0].get("id")) if found else None

    def rescan(self, indicator: Indicator, object_id: str | None, budget: Budget) -> Submitted | None:
        try:
            values = {"collection": COLLECTION[indicator.kind], "id": object_id or indicator.vt_id}
            return Submitted(
                self._client.write(endpoints.RESCAN, values, budget, lambda answer: analysis_id_of(answer, indicator))
            )
        except NotFound:
            return None
        except Conflict as conflict:
            raise v3_objects.being_scanned(conflict) from None

    def scan_url(self, indicator: Indicator, budget: Budget, *, only_if_missing: bool = False) -> Submitted:
        try:
            found = self._client.write(
                endpoints.SCAN_URL,
                {"url": indicator.value},
                budget,
                lambda answer: analysis_id_of(answer, indicator),
            )
        except NotFound:
            raise v3_objects.no_such_call() from None
        except Conflict as conflict:
            raise v3_objects.being_scanned(conflict) from None
        return Submitted(found, identity.url_of_analysis(found))

    def analysis(self, analysis_id: str, budget: Budget) -> Analysis | None:
        try:
            answer = self._client.ask(endpoints.ANALYSIS, {"id": analysis_id}, budget)
        except NotFound:
            return None
        vt_object = v3_objects.object_of(answer, "analysis")
        attributes, meta = mapping(vt_object.get("attributes")), mapping(answer.get("meta"))
        url_info, file_info = mapping(meta.get("url_info")), mapping(meta.get("file_info"))
        identity.check_analysis(analysis_id, text(vt_object.get("id")), file_info, url_info)
        is_url = bool(url_info) or (not file_info and analysis_id.startswith("u-"))
        is_file = bool(file_info) or (not is_url and identity.is_of_file(analysis_id))
        sha256 = text(url_info.get("id")) if is_url else text(file_info.get("sha256"))
        return Analysis(
            analysis_id=analysis_id,
            status=analysis_status(attributes.get("status")),
            kind="url" if is_url else "hash" if is_file else None,
            object_id=sha256,
            indicator=text(url_info.get("url")) if is_url else sha256,
            attributes=attributes,
            raw=vt_object,
        )

    def upload_address(self, budget: Budget, *, private: bool) -> str:
        call = endpoints.PRIVATE_UPLOAD_ADDRESS if private else endpoints.UPLOAD_ADDRESS
        check = checked_private_upload_url if private else checked_upload_url
        try:
            return check(self._client.ask(call, {}, budget).get("data"), self._client.base_url)
        except NotFound:
            raise v3_objects.no_such_call() from None

    def overall_quotas(self, budget: Budget) -> dict[str, Any]:
        return overall_quotas(self._client, self._key, budget)

    def api_usage(self, days: Days, budget: Budget) -> dict[str, Any]:
        return api_usage(self._client, self._key, days, budget)

    def rows(self, call: RowsCall, budget: Budget) -> Rows | None:
        return pages(self._client, call, lambda item: item, budget, objects_or_object_of)

    def document(self, endpoint: Endpoint, values: Mapping[str, str], budget: Budget) -> Mapping[str, Any] | None:
        try:
            return mapping(self._client.ask(endpoint, values, budget))
        except NotFound:
            return None

    def own_document(self, endpoint: Endpoint, values: Mapping[str, str], budget: Budget) -> Mapping[str, Any] | None:
        return self.document(endpoint, {**values, "id": self._key.reveal()}, budget)

    def change(
        self,
        endpoint: Endpoint,
        values: Mapping[str, str],
        budget: Budget,
        understood: Callable[[Mapping[str, Any]], Result],
        upload: Upload | None = None,
    ) -> Result | None:
        try:
            return self._client.write(endpoint, values, budget, understood, upload)
        except NotFound:
            return None

    def _rows(
        self,
        endpoint: Endpoint,
        indicator: Indicator,
        limit: int,
        row: Callable[[Mapping[str, Any]], Any],
        budget: Budget,
    ) -> Rows | None:
        values = {"collection": COLLECTION[indicator.kind], "id": indicator.vt_id}
        return pages(self._client, RowsCall(endpoint, values, limit, PAGE), row, budget)
