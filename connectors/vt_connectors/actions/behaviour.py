"""What a file did in VirusTotal's sandboxes: a summary over all sandboxes, and its MITRE ATT&CK techniques."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..cache import Entry
from ..contract.documents import Outcome, Request
from ..indicators import Indicator, parse_as
from ..verdict.behaviour import summary_of_behaviour, techniques_of
from ..virustotal import endpoints
from ..virustotal.budget import Budget
from ..virustotal.coerce import mapping
from ..virustotal.endpoints import Endpoint
from ..virustotal.port import Api
from .answer_parts import raw_if_requested
from .context import Context
from .lookup import skipped
from .read_through import Query, find
from .relationships import counted

PARTS = ("summary", "techniques")
ENDPOINTS: dict[str, Endpoint] = {"summary": endpoints.BEHAVIOUR_SUMMARY, "techniques": endpoints.MITRE_TREES}
_READERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "summary": summary_of_behaviour,
    "techniques": techniques_of,
}
# What the lists of a summary contain, where the name of the list is no plural.
_NOUNS = {
    "files_dropped": "dropped files",
    "files_written": "written files",
    "files_deleted": "deleted files",
    "registry_keys_set": "written registry keys",
    "registry_keys_deleted": "deleted registry keys",
    "dns": "DNS queries",
    "http": "HTTP requests",
}


def behaviour(context: Context, request: Request, budget: Budget) -> Outcome:
    """`ok` with the requested `parts`, each of which costs a request.

    `not_found` with the reason `no_behaviour` if VirusTotal has none of them: it does not know the file, or no sandbox
    has run it.
    """
    file = parse_as("hash", request.params["hash"])
    parts = parts_of(request.params)
    data: dict[str, Any] = {"type": "hash", "indicator": file.value}
    raw: dict[str, Any] = {}
    sources, times = [], []
    for part in parts:
        found = find(_query(part, file, context, request, budget), context, request, budget)
        if found is None:
            return skipped(file, "not_cached")
        entry, source = found
        sources.append(source)
        times.append(entry.fetched_at)
        if entry.status == "ok":
            data[part] = entry.report[part]
            raw[part] = entry.report.get("raw")
    if "raw" in request.options.include:
        data["raw"] = raw
    source = next((source for source in sources if source != "cache"), "cache")
    if not any(data.get(part) for part in parts):
        unseen = "" if "summary" in parts else ", or none saw a technique"
        summary = f"not found: VirusTotal has no behaviour of this file; no sandbox has run it{unseen}"
        about = {"type": "hash", "indicator": file.value, "reason": "no_behaviour"}
        return Outcome("not_found", summary, about, source, min(times))
    return Outcome("ok", _summary(data), data, source, min(times))


def parts_of(params: Mapping[str, Any]) -> list[str]:
    """The requested parts; all of them by default."""
    return [part for part in PARTS if part in (params.get("parts") or PARTS)]


def _query(part: str, file: Indicator, context: Context, request: Request, budget: Budget) -> Query:
    def ask(api: Api) -> Entry:
        answer = api.document(ENDPOINTS[part], {"id": file.value}, budget)
        now = context.clock.now()
        found = mapping(answer.get("data")) if answer is not None else {}
        if not found:
            return Entry("not_found", {"type": "hash", "indicator": file.value}, now)
        report: dict[str, Any] = {part: _READERS[part](found)}
        if "raw" in request.options.include:
            report["raw"] = dict(found)
        return Entry("ok", report, now)

    return Query(f"behaviour-{part}:{file.key}", ask, parts=raw_if_requested(request.options))


def _summary(data: Mapping[str, Any]) -> str:
    """One line: how many techniques, the worst of them, and what was seen."""
    parts = []
    if data.get("techniques"):
        worst = data["techniques"][0]
        count = len(data["techniques"])
        name = " ".join(word for word in (worst["id"], worst.get("name")) if word)
        parts.append(f"{counted(count, 'techniques')}, worst {worst['severity']}: {name}")
    seen = data.get("summary") or {}
    lists = {name: values for name, values in seen.items() if isinstance(values, list)}
    counts = [counted(len(values), _NOUNS.get(name, name)) for name, values in lists.items()]
    parts += counts[:4]
    return "; ".join(parts)
