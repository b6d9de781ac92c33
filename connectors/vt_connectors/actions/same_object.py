"""The names of one object: a file's three hashes, or a URL as given and as VirusTotal writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..cache import Entry, any_entry
from ..clock import iso
from ..errors import InvalidIndicator
from ..indicators import Indicator, Kind, parse_as
from ..light_typing import Any, Callable
from .context import Context
from .read_through import cache_key

_MOST_SPELLINGS = 50
_HASHES = ("md5", "sha1", "sha256")
# The longest time for a scan; an older report is accepted as the latest after it.
_LONGEST_SCAN_S = 6 * 3600.0


def other_names(indicator: Indicator, report: Mapping[str, Any]) -> list[Indicator]:
    """The other names of the report's object, if the report gives any."""
    found = [other for other in _named_in(indicator.kind, report) if other.value != indicator.value]
    if indicator.kind == "hash" and indicator.value not in report.get("hashes", {}).values():
        return []
    return found


def under_other_names(indicator: Indicator, entry: Entry) -> dict[str, Entry]:
    """The cache entry for each other name of the object, by the key of its query."""
    return {
        other.key: entry._replace(report={**entry.report, "indicator": other.value}, is_copy=True)
        for other in other_names(indicator, entry.report)
    }


def note_spelling(context: Context, indicator: Indicator, report: Mapping[str, Any]) -> None:
    """Store the spelling of a URL that VirusTotal writes differently, so that both reports can be removed together.

    If raw objects are kept, every URL's, because clients then ask by VirusTotal's id, too.
    """
    if indicator.kind != "url" or not (context.keeps_raw or other_names(indicator, report)):
        return
    known = _spellings(context, report)
    if indicator.value not in known:
        values = [*known, indicator.value][-_MOST_SPELLINGS:]
        context.cache.put(_spellings_key(context, report), Entry("ok", {"values": values}, context.clock.now()))


def _spellings(context: Context, about: Mapping[str, Any]) -> list[str]:
    entry = context.cache.peek(_spellings_key(context, about), any_entry)
    values = entry.report.get("values") if entry is not None else None
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _spellings_key(context: Context, about: Mapping[str, Any]) -> str:
    return cache_key(context, f"spellings:{about.get('id')}")


def _named_in(kind: Kind, report: Mapping[str, Any]) -> Iterator[Indicator]:
    if kind == "hash":
        hashes = report.get("hashes")
        values = [hashes.get(name) for name in _HASHES] if isinstance(hashes, Mapping) else []
    else:
        values = [report.get("url")] if kind == "url" else []
    for value in values:
        try:
            if value is not None:
                yield parse_as(kind, value)
        except InvalidIndicator:
            continue


def forget_before_scan(context: Context, about: Mapping[str, Any]) -> None:
    """Remove the reports of an object that VirusTotal scans now. From now on, older reports are cached only for a short
    time, and older answers to calls about the object are not used. `about`: `type`, `indicator`, and `id` and `hashes`
    if they are known.
    """
    now = context.clock.now()
    for key in _forgotten(context, about, any_entry):
        context.cache.put(cache_key(context, f"scan:{key}"), Entry("ok", {}, now))
        context.cache.put(cache_key(context, written_key(key)), Entry("ok", {}, now))


def forget_listing(context: Context, about: Mapping[str, Any], listing: str) -> None:
    """From now on, older answers with an object's `comments` or `votes` are not used. `about`: as above."""
    now = context.clock.now()
    for key in _forgotten(context, about, lambda entry: False):
        context.cache.forget(cache_key(context, f"{listing}:{key}"))
        context.cache.put(cache_key(context, written_key(key, listing)), Entry("ok", {}, now))


def written_key(query: str, listing: str = "") -> str:
    """The key of the time of the last scan, or of the last write to `listing`. `query`: the key of the report."""
    return f"written:{listing}:{query}"


def values_of_url_id(context: Context, object_id: str) -> list[str]:
    """The URLs that a cached report had with VirusTotal's id `object_id`, as far as they were noted."""
    return _spellings(context, {"id": object_id})


def forget_older(context: Context, about: Mapping[str, Any], last_analysis: str) -> None:
    """Remove the object's reports that are older than its `last_analysis` (ISO, UTC), and `not_found` answers."""

    def is_older(entry: Entry) -> bool:
        before: str = entry.report.get("last_analysis", "")
        return entry.status == "not_found" or before < last_analysis

    for key in _forgotten(context, about, is_older):
        context.cache.forget(cache_key(context, f"scan:{key}"))


def awaits_scan(context: Context, indicator: Indicator, report: Mapping[str, Any]) -> bool:
    """Whether the object was submitted for a scan recently, and `report` is older than the submission."""
    names = {f"scan:{key}" for key in _keys({**report, "type": indicator.kind, "indicator": indicator.value})}
    now = context.clock.now()
    marks = context.cache.find_many([cache_key(context, name) for name in names], any_entry)
    scanned_at = max((mark.fetched_at for mark in marks.values()), default=0.0)
    is_older: bool = report.get("last_analysis", "") < iso(scanned_at)
    return now - scanned_at < _LONGEST_SCAN_S and is_older


def _keys(about: Mapping[str, Any]) -> set[str]:
    """The keys of the queries for reports on an object."""
    hashes = about.get("hashes")
    values = [about.get("indicator"), about.get("id"), about.get("url")]
    values += hashes.values() if isinstance(hashes, Mapping) else []
    return {f"{about['type']}:{value}" for value in values if isinstance(value, str)}


def _forgotten(context: Context, about: Mapping[str, Any], is_outdated: Callable[[Entry], bool]) -> set[str]:
    """Remove the outdated reports of an object under all its names. Returns the keys of their queries."""
    keys = _keys(about)
    if about["type"] == "url":
        keys |= {f"url:{value}" for value in _spellings(context, about)}
    known = context.cache.find_many([cache_key(context, key) for key in keys], lambda entry: "type" in entry.report)
    for entry in known.values():
        keys |= _keys(entry.report)
    for key in keys:
        name = cache_key(context, key)
        if context.batch is not None:
            context.batch.forget(name)
        if context.cache.peek(name, is_outdated) is not None:
            context.cache.forget(name)
    return keys
