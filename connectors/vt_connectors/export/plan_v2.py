"""API v2's calls, for other tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..indicators import Indicator, Kind
from ..virustotal import endpoints
from ..virustotal.endpoints import Endpoint
from ..virustotal.only_v3 import not_in_v2
from ..virustotal.v2 import LARGEST_DIRECT_UPLOAD, REPORT, check_known, check_size, kind_and_scan_id, no_relationships
from .plan import Call, Calls, Captured, Check, File
from .plan_v3 import PlannerV3

_UNKNOWN = Check(("response_code",), "0")
# A queued scan's report has no figures.
_SCANNED = Check(("positives",))
_SCAN_ID = Captured("scan_id", ("scan_id",))
_UPLOAD_ADDRESS = Captured("upload_address", ("upload_url",))


class PlannerV2:
    """See `plan.Planner`. Without quota, v2's response is empty."""

    def lookup(self, indicator: Indicator, relationships: Sequence[str] = ()) -> Calls:
        if relationships:
            raise no_relationships()
        return (self._report(indicator, "VirusTotal's report."),)

    def look_up_or_scan(self, url: Indicator) -> Calls:
        values = {"resource": url.value, "scan": "1"}
        known = self._report(url, "VirusTotal's report on the URL.", on_if=_UNKNOWN)
        scan = Call("Unknown: scan it.", endpoints.V2_URL_OR_SCAN, values)
        return known, *self.until_over((scan,), "url"), self._report(url, "The report.")

    def until_over(self, calls: Calls, kind: Kind) -> Calls:
        wait = Call("The scan's report, until it has one.", REPORT[kind], {"resource": _SCAN_ID}, until=_SCANNED)
        return *calls[:-1], replace(calls[-1], captures=_SCAN_ID), wait

    def add_comment(self, indicator: Indicator, text: str) -> Calls:
        values = {"resource": indicator.value, "comment": text}
        return (Call("The comment: public, under the account's name.", endpoints.V2_ADD_COMMENT, values),)

    def comments(self, indicator: Indicator, limit: int) -> Calls:
        about = "The comments, 25 at most; v2 has no limit parameter, and needs a key with private privileges."
        return (Call(about, endpoints.V2_COMMENTS, {"resource": indicator.value}),)

    def resolutions(self, indicator: Indicator, limit: int) -> Calls:
        return (self._report(indicator, "The report; its resolutions are in it."),)

    def related(self, endpoint: Endpoint, indicator: Indicator, limit: int) -> Calls:
        raise not_in_v2(endpoint)

    def scan_file(self, file: File, size: int) -> Calls:
        about = "The file, which is then in VirusTotal's collection."
        check_size(file.name, size)
        if size <= LARGEST_DIRECT_UPLOAD:
            return (Call(about, endpoints.V2_UPLOAD, file=file),)
        ask = Call(
            "A URL for one file above 32 MB; needs a key with private privileges.",
            endpoints.V2_UPLOAD_ADDRESS,
            captures=_UPLOAD_ADDRESS,
        )
        return ask, Call(about, endpoints.V2_UPLOAD, file=file, address=_UPLOAD_ADDRESS)

    def rescan(self, indicator: Indicator) -> Calls:
        if indicator.kind == "url":
            return self.scan_url(indicator)
        if indicator.kind != "hash":
            raise not_in_v2(endpoints.RESCAN)
        about = "Rescan a known file; v2 needs a key with private privileges."
        return (Call(about, endpoints.V2_RESCAN_FILE, {"resource": indicator.value}),)

    def add_vote(self, indicator: Indicator, verdict: str) -> Calls:
        raise not_in_v2(endpoints.ADD_VOTE)

    def call(self, about: str, endpoint: Endpoint, values: Mapping[str, str]) -> Calls:
        raise not_in_v2(endpoint)

    def scan_url(self, url: Indicator) -> Calls:
        return (Call("Scan the URL.", endpoints.V2_SCAN_URL, {"url": url.value}),)

    def analysis(self, analysis_id: str) -> Calls:
        kind, scan_id = kind_and_scan_id(analysis_id)
        return (Call("The status of the scan.", REPORT[kind], {"resource": scan_id}),)

    def quotas(self, days: tuple[str, str] | None = None) -> Calls:
        """v2 has no calls for them, so these are v3's, with the same key."""
        return PlannerV3().quotas(days)

    def _report(self, indicator: Indicator, about: str, on_if: Check | None = None) -> Call:
        check_known(indicator)
        named = indicator.kind if indicator.kind in ("domain", "ip") else "resource"
        return Call(about, REPORT[indicator.kind], {named: indicator.value}, on_if=on_if)
