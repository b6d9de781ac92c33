"""One report as a card: what an analyst asks first comes first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ....actions import Action
from ....errors import printable
from .layout import wrapped
from .sheet import bar, cell, moment
from .verdict_sheet import given, names_files, outcome, owner, span, verdict

if TYPE_CHECKING:
    from ....contract.response import Response

_LABEL_WIDTH = 15
_MOST_ENGINES, _MOST_NAMES = 8, 5
_FROM = {"api": "VirusTotal, now", "shared": "VirusTotal, shared with another request"}


def card(action: Action, response: Response, width: int) -> Iterator[Text]:
    """The lines. Values that are longer than the line are not broken, so that they can be copied."""
    data = response["data"] or {}
    yield Text(cell(data.get("indicator") or given(action, response)).text, style="bold")
    if response["error"]:
        return  # it is explained below
    yield _headline(response)
    yield Text()
    for label, value in _rows(action, response):
        if value:
            yield from _lines(label, value, width)


def _headline(response: Response) -> Text:
    data, shown = response["data"] or {}, verdict(response)
    stats = data.get("stats")
    if not stats:
        return Text.assemble((shown.text, shown.style or "bold"), "  ", outcome(response))
    detected = stats["malicious"] + stats["suspicious"]
    full, empty = bar(detected, stats["total"])
    label = f"  {printable(str(data['label']))}" if "label" in data else ""
    style = shown.style.replace("bold ", "")
    about = f"  {detected} of {stats['total']} engines{label}"
    return Text.assemble((shown.text, shown.style or "bold"), "  ", (full, style), (empty, "dim"), about)


def _rows(action: Action, response: Response) -> Iterator[tuple[str, str]]:
    data, meta = response["data"] or {}, response["meta"]
    if names_files(action):
        yield "file", given(action, response)
    yield "counts", _counts(data.get("stats"))
    yield "detected by", _detections(data)
    yield "GTI", _assessment(data.get("gti"))
    yield "names", _some(data.get("names", ()), _MOST_NAMES)
    yield "type", _file_type(data)
    yield "owner", ", ".join(filter(None, (owner(data), str(data.get("network") or ""))))
    yield "country", str(data.get("country", ""))
    yield "registrar", str(data.get("registrar", ""))
    yield "categories", ", ".join(data.get("categories", ()))
    yield "title", str(data.get("title", ""))
    yield "leads to", str(data["final_url"]) if data.get("final_url") not in (None, data.get("url")) else ""
    yield "tags", ", ".join(data.get("tags", ()))
    yield "community", _community(data)
    yield from ((name.upper(), str(digest)) for name, digest in data.get("hashes", {}).items())
    yield from _dates(data)
    yield from ((name.replace("_", " "), cell(value).text) for name, value in data.get("context", {}).items())
    yield "analysis", str(data.get("analysis_id", ""))
    yield "link", str(data.get("link", ""))
    yield "source", _source(meta)


def _counts(stats: Mapping[str, int] | None) -> str:
    names = ("malicious", "suspicious", "undetected", "harmless")
    return ", ".join(f"{stats[name]} {name}" for name in names) if stats else ""


def _detections(data: Mapping[str, Any]) -> str:
    found = [
        f"{each['engine']} ({each['result']})" if each["result"] else str(each["engine"])
        for each in data.get("detected_by", ())
    ]
    more = "" if "engines" in data or len(found) <= _MOST_ENGINES else "; all: --include engines"
    return f"{_some(found, _MOST_ENGINES)}{more}"


def _assessment(gti: Mapping[str, Any] | None) -> str:
    if not gti:
        return ""
    score = f", score {gti['score']}" if "score" in gti else ""
    return f"{gti['verdict']}, severity {gti['severity']}{score}"


def _some(values: Any, most: int) -> str:
    more = f", and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(map(str, values[:most])) + more


def _file_type(data: Mapping[str, Any]) -> str:
    size = f"{data['size']:,} bytes" if "size" in data else ""
    return ", ".join(filter(None, (str(data.get("file_type") or ""), size)))


def _community(data: Mapping[str, Any]) -> str:
    votes = data.get("votes")
    told = [f"reputation {data['reputation']}"] if "reputation" in data else []
    if isinstance(votes, dict) and votes:
        told.append(f"votes: {votes.get('malicious', 0)} malicious, {votes.get('harmless', 0)} harmless")
    return "; ".join(told)


def _dates(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, label in (("created", "registered"), ("first_seen", "first seen"), ("last_analysis", "last analysis")):
        if name in data:
            yield label, moment(str(data[name]))


def _source(meta: Mapping[str, Any]) -> str:
    name, age_s = meta["source"], meta["age_s"]
    if name is None:
        return ""
    text = f"cache, {span(age_s or 0)} old (--cache refresh asks again)" if name == "cache" else _FROM[name]
    return f"{text}; waited {span(meta['waited_s'])} for quota" if meta["waited_s"] >= 1 else text


def _lines(label: str, value: str, width: int) -> Iterator[Text]:
    for number, line in enumerate(wrapped(printable(value), width - _LABEL_WIDTH)):
        yield Text.assemble((f"{label if not number else '':<{_LABEL_WIDTH}}", "dim"), line)
