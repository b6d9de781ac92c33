"""API v2's calls (https://docs.virustotal.com/v2.0/reference), with results in API v3's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..api_key import ApiKey
from ..errors import ConfigError, Conflict, Forbidden, InvalidIndicator, InvalidResponse, TooLarge, printable
from ..indicators import Indicator, Kind
from ..quota.account_usage import Days
from . import endpoints, identity, v2_objects
from .account_figures import api_usage, overall_quotas
from .batching import Batches
from .budget import Budget
from .client import Client
from .coerce import mapping, number, text
from .endpoints import Endpoint
from .http.transport import Upload
from .large_uploads import LARGEST_DIRECT_UPLOAD as LARGEST_DIRECT_UPLOAD
from .large_uploads import v2_upload_address
from .only_v3 import OnlyInV3, not_in_v2
from .port import Analysis, Comment, Known, Rows, Submitted
from .v2_objects import Report

# With a public key, VirusTotal reads this many values of a request and silently drops the rest.
_MOST_VALUES = 4
_LARGEST_UPLOAD = 200 * 1024 * 1024
_UNKNOWN, _PRESENT, _INVALID, _QUEUED = 0, 1, -1, -2

REPORT: dict[Kind, Endpoint] = {
    "hash": endpoints.V2_FILE,
    "url": endpoints.V2_URL,
    "domain": endpoints.V2_DOMAIN,
    "ip": endpoints.V2_IP,
}


class ApiV2(OnlyInV3):
    """See `port.Api`.

    The id of an analysis is VirusTotal's scan id after `f-` or `u-`, because files and URLs have different calls.
    """

    writes_to_url_ids = False

    def __init__(self, client: Client, key: ApiKey) -> None:
        """`key` identifies the account in the quota call."""
        self._client = client
        self._key = key
        self._hashes = Batches(_MOST_VALUES)
        self._urls = Batches(_MOST_VALUES)

    def lookup(
        self, indicator: Indicator, budget: Budget, object_id: str | None = None, relationships: Sequence[str] = ()
    ) -> Known | None:
        if relationships:
            raise no_relationships()
        check_known(indicator)
        report = self._report(indicator, budget)
        if report is None:
            return None
        vt_object = v2_objects.vt_object(report, indicator)
        identity.check_object(vt_object, indicator)
        return Known(vt_object, report)

    def _report(self, indicator: Indicator, budget: Budget) -> Report | None:
        """The report on a known indicator. A file or URL is unknown while its first scan is queued."""
        endpoint = REPORT[indicator.kind]
        if indicator.kind == "hash":
            answer = self._gathered(endpoint, self._hashes, ",", indicator.value, budget)
        elif indicator.kind == "url":
            answer = self._gathered(endpoint, self._urls, "\n", indicator.value, budget)
        else:
            answer = self._client.ask(endpoint, {indicator.kind: indicator.value}, budget)
        report = _checked(answer, indicator.value)
        identity.check_resource(text(report.get("resource")), indicator)
        return report if _code(report) == _PRESENT else None

    def _gathered(self, endpoint: Endpoint, batches: Batches, separator: str, value: str, budget: Budget) -> Any:
        def join(values: Sequence[str]) -> dict[str, str]:
            return {"resource": separator.join(values)}

        found = self._client.ask_in_batch(endpoint, batches, join, value, budget)
        # A value that is missing in a batch's response is requested alone.
        return self._client.ask(endpoint, {"resource": value}, budget) if found is None else found

    def add_comment(self, indicator: Indicator, object_id: str | None, text: str, budget: Budget) -> Comment | None:
        values = {"resource": object_id or indicator.value, "comment": text}
        return self._client.write(endpoints.V2_ADD_COMMENT, values, budget, lambda answer: _commented(answer, text))

    def comments(self, indicator: Indicator, limit: int, budget: Budget) -> Rows | None:
        answer = mapping(self._client.ask(endpoints.V2_COMMENTS, {"resource": indicator.value}, budget))
        identity.check_resource(text(answer.get("resource")), indicator)
        return None if _code(answer) == _UNKNOWN else _rows(answer.get("comments"), limit, v2_objects.comment)

    def resolutions(self, indicator: Indicator, limit: int, budget: Budget) -> Rows | None:
        """The report on the domain or address contains them."""
        known = self.lookup(indicator, budget)
        if known is None:
            return None
        return _rows(known.raw.get("resolutions"), limit, lambda row: v2_objects.resolution(row, indicator))

    def scan_file(
        self, upload: Upload, hashes: Mapping[str, str], budget: Budget, password: str | None = None
    ) -> Submitted:
        if password is not None:
            raise Forbidden("API v2 takes no password of an archive; set VT_API_VERSION=3")
        endpoint = endpoints.V2_UPLOAD
        check_size(upload.filename, upload.size)
        if upload.size > LARGEST_DIRECT_UPLOAD:
            endpoint = endpoint.at(v2_upload_address(self._client, budget))
        return self._client.write(endpoint, {}, budget, lambda answer: _file_submitted(answer, hashes), upload)

    def rescan(self, indicator: Indicator, object_id: str | None, budget: Budget) -> Submitted | None:
        if indicator.kind == "url":
            return self.scan_url(indicator, budget)
        if indicator.kind != "hash":
            raise not_in_v2(endpoints.RESCAN)

        def understood(answer: Any) -> Submitted | None:
            unknown = _code(_checked(answer, indicator.value)) == _UNKNOWN
            return None if unknown else _file_submitted(answer, identity.named_hash(indicator.value))

        return self._client.write(endpoints.V2_RESCAN_FILE, {"resource": indicator.value}, budget, understood)

    def scan_url(self, indicator: Indicator, budget: Budget, *, only_if_missing: bool = False) -> Submitted:
        endpoint, values = endpoints.V2_SCAN_URL, {"url": indicator.value}
        if only_if_missing:
            endpoint, values = endpoints.V2_URL_OR_SCAN, {"resource": indicator.value, "scan": "1"}
        return self._client.write(endpoint, values, budget, lambda answer: _url_submitted(answer, indicator))

    def analysis(self, analysis_id: str, budget: Budget) -> Analysis | None:
        kind, scan_id = kind_and_scan_id(analysis_id)
        endpoint = endpoints.V2_URL if kind == "url" else endpoints.V2_FILE
        report = _checked(self._client.ask(endpoint, {"resource": scan_id}, budget), scan_id)
        if _code(report) == _UNKNOWN:
            return None
        identity.check_scan_id(scan_id, v2_objects.object_id(report))
        done = v2_objects.is_scanned(report)
        attributes = v2_objects.analysis_attributes(report)
        return Analysis(
            analysis_id=analysis_id,
            status="completed" if done else "queued",
            kind=kind,
            object_id=v2_objects.object_id(report) or scan_id.split("-")[0],
            indicator=text(report.get("url")) if kind == "url" else text(report.get("sha256")),
            attributes={name.replace("last_analysis_", ""): value for name, value in attributes.items()},
            raw=report,
        )

    def overall_quotas(self, budget: Budget) -> dict[str, Any]:
        return overall_quotas(self._client, self._key, budget)

    def api_usage(self, days: Days, budget: Budget) -> dict[str, Any]:
        return api_usage(self._client, self._key, days, budget)


def no_relationships() -> ConfigError:
    return ConfigError("API v2 has no relationships in a lookup; set VT_API_VERSION=3")


def check_known(indicator: Indicator) -> None:
    """Raises `InvalidIndicator` if v2 has no reports on such an indicator."""
    if indicator.kind == "ip" and ":" in indicator.value:
        raise InvalidIndicator(
            f"{indicator.value} is an IPv6 address, which API v2 does not know; set VT_API_VERSION=3"
        )


def check_size(filename: str, size: int) -> None:
    """Raises `TooLarge` for a file above v2's limit."""
    if size > _LARGEST_UPLOAD:
        raise TooLarge(f"{filename!r} is larger than the 200 MB of API v2; set VT_API_VERSION=3")


def kind_and_scan_id(analysis_id: str) -> tuple[Kind, str]:
    """`u-...` is for a URL, `f-...` or a bare scan id for a file."""
    if analysis_id.startswith("u-"):
        return "url", analysis_id[2:]
    return "hash", analysis_id[2:] if analysis_id.startswith("f-") else analysis_id


def _checked(answer: Any, value: str) -> Report:
    """The only report of a response, which may be in an array; an empty array, or -1, means an invalid value."""
    if isinstance(answer, list):
        if not answer:
            raise InvalidIndicator(f"VirusTotal does not accept the value {value[:80]!r}", http_status=200)
        answer = answer[0]
    report = mapping(answer)
    code = _code(report)
    if code == _INVALID:
        said = printable(str(report.get("verbose_msg", ""))[:200], "")
        raise InvalidIndicator(f"VirusTotal does not accept the value {value[:80]!r}: {said}", http_status=200)
    return report


def _code(answer: Any) -> int:
    """Raises `InvalidResponse` if the document is not from v2."""
    code = number(mapping(answer).get("response_code"))
    if code not in (_UNKNOWN, _PRESENT, _INVALID, _QUEUED):
        raise InvalidResponse("VirusTotal's response has no valid response_code of API v2", http_status=200)
    return code


def _submitted(answer: Any, letter: str, value: str) -> Submitted:
    report = _checked(answer, value)
    scan_id = text(report.get("scan_id"))
    if scan_id is None:
        raise InvalidResponse("VirusTotal's response has no scan_id", http_status=200)
    return Submitted(f"{letter}-{scan_id}", v2_objects.object_id(report))


def _file_submitted(answer: Any, hashes: Mapping[str, str]) -> Submitted:
    value = hashes.get("sha256", next(iter(hashes.values())))
    submitted = _submitted(answer, "f", value)
    report = _checked(answer, value)
    identity.check_hashes({"sha256": submitted.object_id, **report}, hashes, value)
    return submitted


def _url_submitted(answer: Any, indicator: Indicator) -> Submitted:
    submitted = _submitted(answer, "u", indicator.value)
    identity.check_object(v2_objects.url_object(_checked(answer, indicator.value)), indicator)
    return submitted


def _commented(answer: Any, said: str) -> Comment | None:
    report = mapping(answer)
    if _code(report) == _PRESENT:
        return Comment(said)
    why = str(report.get("verbose_msg", ""))
    if "duplicate" in why.lower():
        raise Conflict("VirusTotal has this comment already", http_status=200)
    return None


def _rows(value: object, limit: int, row: Any) -> Rows:
    found = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    shown = sorted(found, key=_newest_first, reverse=True)[:limit]
    return Rows(tuple(row(item) for item in shown), tuple(shown), more=len(found) > limit)


def _newest_first(row: Report) -> str:
    return str(row.get("last_resolved") or row.get("date") or "")
