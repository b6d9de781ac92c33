"""Complete objects: invented attributes, the scan, and the submissions to this server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .catalogue import FileFacts, known
from .deterministic import draw
from .engines import part_of, scan_of
from .file_attributes import file_attributes
from .findings import file_findings
from .kinds import Item, Kind, Verdict
from .verdicts import Profile, profile_of
from .web_attributes import REFERENCE_TIME, domain_attributes, ip_attributes, url_attributes

_DAY_S = 86400


@dataclass(frozen=True)
class SubmissionHistory:
    """The submissions of one item to this server; times in epoch seconds.

    `submissions` scans were requested from `first_at` to `last_at`; `finished_at` is the time of the newest
    finished scan, or None.
    """

    submissions: int = 0
    first_at: int = 0
    last_at: int = 0
    finished_at: int | None = None


def scan_profile(item: Item) -> Profile:
    """The result of a scan of `item`, even if there was no report before."""
    profile = profile_of(item)
    return Profile(Verdict.UNDETECTED) if profile.verdict is Verdict.UNKNOWN else profile


def build_object(item: Item, facts: FileFacts | None, standing: SubmissionHistory, self_link: str) -> dict[str, Any]:
    """The object of an item, as under `data`. `facts` are only for files.

    A new item whose first scan has not finished has no results and no last_analysis_date.
    """
    profile = scan_profile(item)
    is_new = profile_of(item).verdict is Verdict.UNKNOWN
    scan = scan_of(item, profile)
    if is_new and standing.finished_at is None:
        scan = part_of(scan, 0)
    attributes = unscanned_attributes(item, facts, standing)
    attributes.update(last_analysis_stats=scan.stats, last_analysis_results=scan.results)
    return {"type": item.kind.value, "id": item.id, "links": {"self": self_link}, "attributes": attributes}


def unscanned_attributes(item: Item, facts: FileFacts | None, standing: SubmissionHistory) -> dict[str, Any]:
    """All attributes except the results of engines."""
    verdict = scan_profile(item).verdict
    attributes = _attributes(item, verdict, facts)
    attributes.update(_opinions(item, verdict))
    attributes.update(_dates(item, standing, profile_of(item).verdict is Verdict.UNKNOWN))
    entry = known(item)
    attributes.update(entry.attributes if entry else {})
    return attributes


def _attributes(item: Item, verdict: Verdict, facts: FileFacts | None) -> dict[str, Any]:
    if item.kind is Kind.FILE:
        assert facts is not None, "a file is known by its hashes"
        attributes = file_attributes(item, verdict, facts)
        return {**attributes, **file_findings(item, attributes["type_tag"])}
    build = {Kind.URL: url_attributes, Kind.DOMAIN: domain_attributes, Kind.IP: ip_attributes}[item.kind]
    return build(item, verdict)


def _opinions(item: Item, verdict: Verdict) -> dict[str, Any]:
    votes = draw(item.value, "votes", 25)
    if verdict is Verdict.MALICIOUS:
        return {"reputation": -votes, "total_votes": {"harmless": votes // 8, "malicious": votes}}
    return {"reputation": votes // 2, "total_votes": {"harmless": votes, "malicious": votes // 12}}


def _dates(item: Item, standing: SubmissionHistory, is_new: bool) -> dict[str, Any]:
    """The dates of submissions and scans in epoch seconds: invented ones, replaced by those on this server."""
    submitted = REFERENCE_TIME - draw(item.value, "submitted", 30 * _DAY_S)
    dates: dict[str, Any] = {"last_modification_date": submitted + 3600}
    if not is_new and _shows_analysis_date(item):
        dates["last_analysis_date"] = submitted
    if item.kind in (Kind.FILE, Kind.URL):
        first = submitted - draw(item.value, "first submitted", 2000 * _DAY_S)
        dates.update(_submissions(item, standing, is_new, first, submitted))
    if standing.finished_at is not None:
        dates.update(last_analysis_date=standing.finished_at, last_modification_date=standing.finished_at)
    return dates


def _submissions(item: Item, standing: SubmissionHistory, is_new: bool, first: int, last: int) -> dict[str, int]:
    before = 0 if is_new else 1 + draw(item.value, "times submitted", 60)
    return {
        "first_submission_date": standing.first_at if is_new else first,
        "last_submission_date": standing.last_at if standing.submissions else last,
        "times_submitted": before + standing.submissions,
    }


def _shows_analysis_date(item: Item) -> bool:
    # Many reports on domains and IP addresses have stats, but no analysis date.
    return item.kind in (Kind.FILE, Kind.URL) or known(item) is not None or draw(item.value, "dated", 3) > 0
