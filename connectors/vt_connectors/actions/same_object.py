"""The names of one object: a file's three hashes, a URL as it was given and as VirusTotal writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ..cache import Entry, any_entry
from ..clock import iso
from ..errors import InvalidIndicator
from ..indicators import Indicator, Kind, parse_as
from .context import Context
from .read_through import cache_key

_MOST_SPELLINGS = 50
_HASHES = ("md5", "sha1", "sha256")
# A scan may take so long; a report that is still older then is taken for the latest there is.
_LONGEST_SCAN_S = 6 * 3600.0


def other_names(indicator: Indicator, report: Mapping[str, Any]) -> list[Indicator]:
    """By what else the object is known that `report` is about, as far as the report tells."""
    found = [other for other in _told(indicator.kind, report) if other.value != indicator.value]
    if indicator.kind == "hash" and indicator.value not in report.get("hashes", {}).values():
        return []
    return found


def under_other_names(indicator: Indicator, entry: Entry) -> dict[str, Entry]:
    """The same answer as it stands in the cache under each other name, by its question's key."""
    return {
        other.key: entry._replace(report={**entry.report, "indicator": other.value}, is_copy=True)
        for other in other_names(indicator, entry.report)
    }


def note_spelling(context: Context, indicator: Indicator, report: Mapping[str, Any]) -> None:
    """Remember the spelling of a URL that VirusTotal writes otherwise: its report is to be forgotten with the other."""
    if indicator.kind != "url" or not other_names(indicator, report):
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


def _told(kind: Kind, report: Mapping[str, Any]) -> Iterator[Indicator]:
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
    """VirusTotal scans the object that `about` is about: reports from before go, and are not kept for long from now
    on, until one is newer. `about`: `type`, `indicator`, and `id` and `hashes` as far as they are known.
    """
    now = context.clock.now()
    for key in _forgotten(context, about, any_entry):
        context.cache.put(cache_key(context, f"scan:{key}"), Entry("ok", {}, now))


def forget_older(context: Context, about: Mapping[str, Any], last_analysis: str) -> None:
    """Forget the reports of the object that are older than its `last_analysis` (ISO, UTC), or that nothing is known."""

    def is_older(entry: Entry) -> bool:
        before: str = entry.report.get("last_analysis", "")
        return entry.status == "not_found" or before < last_analysis

    for key in _forgotten(context, about, is_older):
        context.cache.forget(cache_key(context, f"scan:{key}"))


def awaits_scan(context: Context, indicator: Indicator, report: Mapping[str, Any]) -> bool:
    """Whether the object was sent to be scanned a while ago, and `report` is older than that."""
    names = {f"scan:{key}" for key in _keys({**report, "type": indicator.kind, "indicator": indicator.value})}
    now = context.clock.now()
    marks = context.cache.find_many([cache_key(context, name) for name in names], any_entry)
    scanned_at = max((mark.fetched_at for mark in marks.values()), default=0.0)
    is_older: bool = report.get("last_analysis", "") < iso(scanned_at)
    return now - scanned_at < _LONGEST_SCAN_S and is_older


def _keys(about: Mapping[str, Any]) -> set[str]:
    """The keys of the questions what is known of an object."""
    hashes = about.get("hashes")
    values = [about.get("indicator"), about.get("id"), about.get("url")]
    values += hashes.values() if isinstance(hashes, Mapping) else []
    return {f"{about['type']}:{value}" for value in values if isinstance(value, str)}


def _forgotten(context: Context, about: Mapping[str, Any], is_outdated: Callable[[Entry], bool]) -> set[str]:
    """Forget the outdated reports of an object, under all of its names: the keys of their questions."""
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
