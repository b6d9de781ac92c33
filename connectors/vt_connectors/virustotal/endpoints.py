"""All calls to VirusTotal as data: the only table for the client, the curl lines, the Postman collection and the Tines
stories.

v3: https://docs.virustotal.com/reference/overview. v2: https://docs.virustotal.com/v2.0/reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import quote, urlencode

from .http.transport import HttpRequest, KeyPlace, Upload

Version = Literal["2", "3"]
Values = Mapping[str, str]

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Endpoint:
    """One call. `path` has ids in braces; `query` and `form` are the names of values that are sent there if given.

    `json`: the names of the attributes of an object of `json_type` in a JSON body. `file`: a file is sent, as
    multipart, after the values of `form`.
    `writes`: it is a write, so it is sent once. `counted`: VirusTotal counts it in the quota.
    `redirects`: the response leads to another server, which must not get the key. Other tools would send it there, so
    they are not given the call.
    `content`: a body and its type, in place of the others.
    `private`: a refusal probably means that the key lacks the privilege.
    """

    name: str
    version: Version
    method: Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
    path: str
    query: tuple[str, ...] = ()
    form: tuple[str, ...] = ()
    json: tuple[str, ...] = ()
    json_type: str = ""
    file: bool = False
    writes: bool = False
    counted: bool = True
    private: bool = False
    key: KeyPlace = "header"
    redirects: bool = False
    content: tuple[bytes, str] | None = None

    def request(self, base_url: str, values: Values, upload: Upload | None = None) -> HttpRequest:
        """The request with `values` filled in; every id is exactly one segment of the path."""
        path = self.path.format_map({name: quote(value, safe="") for name, value in values.items()})
        query = urlencode([(name, values[name]) for name in self.query if name in values])
        url = (path if "://" in path else base_url + path) + (f"?{query}" if query else "")
        if self.file:
            fields = {name: values[name] for name in self.form if name in values}
            return HttpRequest(self.method, url, upload=upload, fields=fields, key=self.key)
        body, content_type = self._body(values)
        return HttpRequest(self.method, url, body, content_type, key=self.key)

    def at(self, path: str) -> Endpoint:
        """The same call at another path: a URL that VirusTotal gave for it."""
        return replace(self, path=path.replace("{", "{{").replace("}", "}}"))

    def document(self, values: Values) -> dict[str, Any] | None:
        """The JSON body as an object; None for calls without one."""
        if not self.json:
            return None
        attributes = {name: values[name] for name in self.json if name in values}
        return {"data": {"type": self.json_type, "attributes": attributes}}

    def _body(self, values: Values) -> tuple[bytes | None, str | None]:
        if self.content is not None:
            return self.content
        document = self.document(values)
        if document is not None:
            return json.dumps(document).encode(), "application/json"
        if self.form:
            return urlencode([(name, values[name]) for name in self.form if name in values]).encode(), _FORM
        return None, None


def _v3(name: str, path: str, *query: str, counted: bool = True) -> Endpoint:
    return Endpoint(name, "3", "GET", f"/api/v3/{path}", query, counted=counted)


def _v2(name: str, path: str, *form: str, writes: bool = False, private: bool = False) -> Endpoint:
    return Endpoint(name, "2", "POST", f"/vtapi/v2/{path}", form=form, writes=writes, private=private, key="form")


FILE = _v3("file_report", "files/{id}", "relationships")
URL = _v3("url_report", "urls/{id}", "relationships")
DOMAIN = _v3("domain_report", "domains/{id}", "relationships")
IP = _v3("ip_report", "ip_addresses/{id}", "relationships")
COMMENTS = _v3("comments", "{collection}/{id}/comments", "limit", "cursor")
RESOLUTIONS = _v3("resolutions", "{collection}/{id}/resolutions", "limit", "cursor")
ANALYSIS = _v3("analysis", "analyses/{id}")
ANALYSES = _v3("file_analyses", "files/{id}/analyses", "limit")
UPLOAD_ADDRESS = _v3("upload_address", "files/upload_url")
OVERALL_QUOTAS = _v3("overall_quotas", "users/{id}/overall_quotas", counted=False)
API_USAGE = _v3("api_usage", "users/{id}/api_usage", "start_date", "end_date", counted=False)
ADD_COMMENT = Endpoint(
    "add_comment", "3", "POST", "/api/v3/{collection}/{id}/comments", json=("text",), json_type="comment", writes=True
)
UPLOAD = Endpoint("upload", "3", "POST", "/api/v3/files", form=("password",), file=True, writes=True)
SCAN_URL = Endpoint("scan_url", "3", "POST", "/api/v3/urls", form=("url",), writes=True)
RELATED = _v3("related_objects", "{collection}/{id}/{relationship}", "limit", "cursor")
RELATED_IDS = _v3("related_ids", "{collection}/{id}/relationships/{relationship}", "limit", "cursor")
BEHAVIOUR_SUMMARY = _v3("behaviour_summary", "files/{id}/behaviour_summary")
MITRE_TREES = _v3("behaviour_mitre_trees", "files/{id}/behaviour_mitre_trees")
VOTES = _v3("votes", "{collection}/{id}/votes", "limit", "cursor")
ADD_VOTE = Endpoint(
    "add_vote", "3", "POST", "/api/v3/{collection}/{id}/votes", json=("verdict",), json_type="vote", writes=True
)
RESCAN = Endpoint("rescan", "3", "POST", "/api/v3/{collection}/{id}/analyse", writes=True)
COMMENT = _v3("comment", "comments/{id}")
DELETE_COMMENT = Endpoint("delete_comment", "3", "DELETE", "/api/v3/comments/{id}", writes=True)
SEARCH = _v3("search", "search", "query", "order", "descriptors_only", "limit", "cursor")
INTELLIGENCE_SEARCH = _v3(
    "intelligence_search", "intelligence/search", "query", "order", "descriptors_only", "limit", "cursor"
)
ANY_GET = _v3("vt_get", "{path}")
IOC_STREAM = _v3("ioc_stream", "ioc_stream", "filter", "order", "limit", "cursor")
# Answered with a redirect, and counted as a download even if nobody follows it.
DOWNLOAD = Endpoint("download", "3", "GET", "/api/v3/files/{id}/download", redirects=True)
# Private scanning (https://docs.virustotal.com/reference/upload-file-private-scanning, .../private-urls-api and
# .../private-analysis). None of these calls makes anything public.
PRIVATE_UPLOAD = Endpoint(
    "private_upload",
    "3",
    "POST",
    "/api/v3/private/files",
    form=(
        "password",
        "command_line",
        "disable_sandbox",
        "enable_internet",
        "intercept_tls",
        "interaction_sandbox",
        "interaction_timeout",
        "retention_period_days",
        "storage_region",
        "locale",
    ),
    file=True,
    writes=True,
)
PRIVATE_SCAN_URL = Endpoint(
    "private_scan_url",
    "3",
    "POST",
    "/api/v3/private/urls",
    form=("url", "interaction_sandbox", "interaction_timeout", "retention_period_days", "storage_region"),
    writes=True,
)
PRIVATE_UPLOAD_ADDRESS = _v3("private_upload_address", "private/files/upload_url")
PRIVATE_ANALYSIS = _v3("private_analysis", "private/analyses/{id}")
PRIVATE_FILE = _v3("private_file_report", "private/files/{id}")
PRIVATE_URL = _v3("private_url_report", "private/urls/{id}")

V2_FILE = _v2("file_report", "file/report", "resource")
V2_URL = _v2("url_report", "url/report", "resource")
V2_URL_OR_SCAN = _v2("url_report_or_scan", "url/report", "resource", "scan", writes=True)
V2_RESCAN_FILE = _v2("rescan_file", "file/rescan", "resource", writes=True, private=True)
V2_SCAN_URL = _v2("scan_url", "url/scan", "url", writes=True)
V2_ADD_COMMENT = _v2("add_comment", "comments/put", "resource", "comment", writes=True)
# If v2 takes the key only in the URL, the transport puts it there, and it is never logged.
V2_DOMAIN = Endpoint("domain_report", "2", "GET", "/vtapi/v2/domain/report", ("domain",), key="query")
V2_IP = Endpoint("ip_report", "2", "GET", "/vtapi/v2/ip-address/report", ("ip",), key="query")
V2_COMMENTS = Endpoint("comments", "2", "GET", "/vtapi/v2/comments/get", ("resource",), private=True, key="query")
V2_UPLOAD_ADDRESS = Endpoint("upload_address", "2", "GET", "/vtapi/v2/file/scan/upload_url", private=True, key="query")
V2_UPLOAD = Endpoint("upload", "2", "POST", "/vtapi/v2/file/scan", file=True, writes=True, key="multipart")


def _all(version: Version) -> tuple[Endpoint, ...]:
    """The calls that other tools are given."""
    found = (value for value in globals().values() if isinstance(value, Endpoint))
    return tuple(endpoint for endpoint in found if endpoint.version == version and not endpoint.redirects)


V3_ENDPOINTS = _all("3")
V2_ENDPOINTS = _all("2")
