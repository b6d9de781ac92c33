"""API v3's calls, for other tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..indicators import Indicator, Kind
from ..virustotal import endpoints
from ..virustotal.endpoints import Endpoint
from ..virustotal.v3 import COLLECTION, LARGEST_DIRECT_UPLOAD, PAGE, REPORT
from .plan import KEY, Call, Calls, Captured, Check, File, Value

_UNKNOWN = Check(("error", "code"), "NotFoundError")
_COMPLETED = Check(("data", "attributes", "status"), "completed")
_URL_ID = Captured("url_id", ("data", "id"))
_ANALYSIS_ID = Captured("analysis_id", ("data", "id"))
_UPLOAD_ADDRESS = Captured("upload_address", ("data",))


class PlannerV3:
    """See `plan.Planner`."""

    def lookup(self, indicator: Indicator, relationships: Sequence[str] = ()) -> Calls:
        call = self._report(indicator, "VirusTotal's report.")
        if relationships:
            call = replace(call, values={**call.values, "relationships": ",".join(relationships)})
        return (call,)

    def look_up_or_scan(self, url: Indicator) -> Calls:
        known = self._report(url, "VirusTotal's report on the URL.", on_if=_UNKNOWN)
        scan = Call("Unknown: scan it.", endpoints.SCAN_URL, {"url": url.value})
        return known, *self.until_over((scan,), "url"), self._report(url, "The report.")

    def until_over(self, calls: Calls, kind: Kind) -> Calls:
        about = "The status of the scan, until it is finished."
        wait = Call(about, endpoints.ANALYSIS, {"id": _ANALYSIS_ID}, until=_COMPLETED)
        return *calls[:-1], replace(calls[-1], captures=_ANALYSIS_ID), wait

    def add_comment(self, indicator: Indicator, text: str) -> Calls:
        about = "The comment: public, under the account's name."
        return self._written(about, endpoints.ADD_COMMENT, indicator, text=text)

    def comments(self, indicator: Indicator, limit: int) -> Calls:
        return self.related(endpoints.COMMENTS, indicator, limit)

    def resolutions(self, indicator: Indicator, limit: int) -> Calls:
        return self.related(endpoints.RESOLUTIONS, indicator, limit)

    def related(self, endpoint: Endpoint, indicator: Indicator, limit: int) -> Calls:
        about = f"The newest {endpoint.name.replace('_', ' ')}; meta.cursor leads to more."
        return (Call(about, endpoint, self._page(indicator, limit)),)

    def scan_file(self, file: File, size: int) -> Calls:
        about = "The file, which is then in VirusTotal's collection."
        if size <= LARGEST_DIRECT_UPLOAD:
            return (Call(about, endpoints.UPLOAD, file=file),)
        ask = Call("A URL for one file above 32 MB.", endpoints.UPLOAD_ADDRESS, captures=_UPLOAD_ADDRESS)
        return ask, Call(about, endpoints.UPLOAD, file=file, address=_UPLOAD_ADDRESS)

    def rescan(self, indicator: Indicator) -> Calls:
        name = {"hash": "file", "url": "URL", "domain": "domain", "ip": "address"}[indicator.kind]
        return self._written(f"Rescan a known {name}.", endpoints.RESCAN, indicator)

    def add_vote(self, indicator: Indicator, verdict: str) -> Calls:
        about = "The vote: public, under the account's name."
        return self._written(about, endpoints.ADD_VOTE, indicator, verdict=verdict)

    def call(self, about: str, endpoint: Endpoint, values: Mapping[str, str]) -> Calls:
        return (Call(about, endpoint, values),)

    def scan_url(self, url: Indicator) -> Calls:
        return (Call("Scan the URL.", endpoints.SCAN_URL, {"url": url.value}),)

    def analysis(self, analysis_id: str) -> Calls:
        return (Call("The status of the scan.", endpoints.ANALYSIS, {"id": analysis_id}),)

    def quotas(self, days: tuple[str, str] | None = None) -> Calls:
        figures = Call("The account's quotas; VirusTotal does not count this.", endpoints.OVERALL_QUOTAS, {"id": KEY})
        if days is None:
            return (figures,)
        values: dict[str, Value] = {"id": KEY, "start_date": days[0], "end_date": days[1]}
        return figures, Call("The use of these days by endpoint.", endpoints.API_USAGE, values)

    def _written(self, about: str, endpoint: Endpoint, indicator: Indicator, **attributes: str) -> Calls:
        """A write to an indicator, after the call for a URL's id."""
        item: str | Captured = indicator.vt_id
        report: Calls = ()
        if indicator.kind == "url":
            # Writes to a URL's base64 id returned 404, although reads worked.
            report = (self._report(indicator, "Writes go to the id in the URL's report.", captures=_URL_ID),)
            item = _URL_ID
        values: dict[str, Value] = {"collection": COLLECTION[indicator.kind], "id": item, **attributes}
        return (*report, Call(about, endpoint, values))

    def _report(
        self, indicator: Indicator, about: str, on_if: Check | None = None, captures: Captured | None = None
    ) -> Call:
        return Call(about, REPORT[indicator.kind], {"id": indicator.vt_id}, on_if=on_if, captures=captures)

    def _page(self, indicator: Indicator, limit: int) -> dict[str, str]:
        where = {"collection": COLLECTION[indicator.kind], "id": indicator.vt_id}
        return {**where, "limit": str(min(limit, PAGE))}
