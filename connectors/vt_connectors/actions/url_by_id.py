"""Looking up a URL by VirusTotal's own id of it, the SHA-256 of VirusTotal's form of the URL."""

from __future__ import annotations

from collections.abc import Mapping

from ..cache import Entry
from ..contract.documents import Outcome, Request
from ..errors import InvalidIndicator, InvalidResponse
from ..indicators import Indicator, parse_as, without_recorded_credentials
from ..verdict import report_of
from ..virustotal import endpoints
from ..virustotal.budget import Budget
from ..virustotal.coerce import mapping, text
from ..virustotal.port import Api
from ..virustotal.v3_objects import object_of
from .answer_parts import has_detections, needed_parts, own_parts
from .context import Context
from .lookup import outcome, outcome_for, skipped
from .read_through import Query, find
from .same_object import awaits_scan, note_spelling, values_of_url_id


def look_up_url_id(context: Context, request: Request, budget: Budget) -> Outcome:
    """Like `lookup_url`, for `params["id"]`. If a report with this id was cached, it is answered from there.

    The report is cached for lookups of the URL too.
    """
    object_id: str = request.params["id"]
    by_id = Indicator("url", object_id)
    known = values_of_url_id(context, object_id)
    if known:
        return outcome_for(parse_as("url", known[-1]), context, request, budget)
    found = find(_report_with(object_id, context, request, budget), context, request, budget)
    if found is None:
        return skipped(by_id, "not_cached")
    return outcome(by_id, *found, context, request.options)


def _report_with(object_id: str, context: Context, request: Request, budget: Budget) -> Query:
    parts = needed_parts(context, request.options, request.api_key)

    def ask(api: Api) -> Entry:
        answer = api.document(endpoints.URL, {"id": object_id}, budget)
        now = context.clock.now()
        if answer is None:
            return Entry("not_found", {"type": "url", "indicator": object_id}, now)
        vt_object = object_of(dict(answer), "url")
        if vt_object["id"] != object_id:
            raise InvalidResponse("VirusTotal's response is about another URL", http_status=200)
        url = _url_in(vt_object) or Indicator("url", object_id)
        report = report_of(vt_object, url, request.options.include | {"raw"}, vt_object)
        report.update(own_parts(vt_object, "url", parts, context, request))
        report = without_recorded_credentials(report)
        if request.options.cache != "off":
            note_spelling(context, url, report)
        return Entry("ok", report, now, awaits_scan(context, url, report), is_copy=True)

    def also(entry: Entry) -> Mapping[str, Entry]:
        value = entry.report["indicator"]
        return {f"url:{value}": entry._replace(is_copy=False)} if value != object_id else {}

    # As `same_object` names the reports of a URL, so that a scan removes this one too.
    key = f"url:{object_id}"
    return Query(key, ask, parts, covers=lambda entry: has_detections(entry, request.options), also=also)


def _url_in(vt_object: Mapping[str, object]) -> Indicator | None:
    try:
        return parse_as("url", text(mapping(vt_object.get("attributes")).get("url")) or "")
    except InvalidIndicator:
        return None
