"""What Python callers get: frozen, typed, read from the contract's response documents.

What VirusTotal did not say is None, or empty where there may be several. Times are `datetime` in UTC.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from ...contract.documents import Source, Verdict
from ...errors import ConnectorError, from_dict
from ...indicators import Kind

AnswerStatus = Literal["ok", "not_found", "pending", "skipped"]
AnalysisStatus = Literal["queued", "in-progress", "completed"]


def checked(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """`document`, a response. Raises its error, a `ConnectorError`, if it is one."""
    if document["error"] is not None:
        raise from_dict(document["error"])
    return document


def time_of(text: str | None) -> datetime | None:
    """The contract's `2026-01-02T03:04:05Z`."""
    # Python 3.9 and 3.10 do not read the Z.
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))


@dataclass(frozen=True)
class Answer:
    """What every answer says.

    `status`: `not_found`, `pending` and `skipped` are answers too. `summary`: one line for people. `source`: `api`,
    `cache`, or `shared` (another caller's request answered this one); None where nothing was asked. `requests`: what
    it cost of the quota; `waited_s`: for how long it waited for quota. `age_s`: seconds since `fetched_at`.
    """

    status: AnswerStatus
    summary: str
    source: Source | None
    requests: int
    waited_s: float
    fetched_at: datetime | None
    age_s: int | None
    _document: Mapping[str, Any] = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The whole response document (`schemas/response.json`): JSON-ready, and the caller's own."""
        return copy.deepcopy(dict(self._document))


def answer_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """`Answer`'s fields by name, for those built on it. Raises the document's error."""
    meta = checked(document)["meta"]
    return {
        "status": document["status"],
        "summary": document["summary"],
        "source": meta["source"],
        "requests": meta["requests"],
        "waited_s": meta["waited_s"],
        "fetched_at": time_of(meta["fetched_at"]),
        "age_s": meta["age_s"],
        "_document": document,
    }


@dataclass(frozen=True)
class Stats:
    """How many engines said what. `total` counts those that gave an opinion."""

    malicious: int
    suspicious: int
    harmless: int
    undetected: int
    total: int


@dataclass(frozen=True)
class Votes:
    """How many people of VirusTotal's community voted so; None where it was not said."""

    harmless: int | None
    malicious: int | None


@dataclass(frozen=True)
class Engine:
    """One engine's result: its `category` (such as `malicious`, `undetected`), and what it calls the thing."""

    category: str | None
    result: str | None


@dataclass(frozen=True)
class Judged(Answer):
    """An answer with a verdict, by engines.

    `verdict`: `malicious`, `suspicious`, `undetected` (engines looked and none objects: not the same as safe) or
    `unknown`. `id` is VirusTotal's. `reason`: why it was skipped. `removed`: what a URL had that was not
    sent (`user`, `password`). `engines` only where `include` asked for them.
    `analysis_id`, `analysis_status` and `poll_after_s` (ask again in so many seconds) where there is a scan.
    """

    verdict: Verdict
    stats: Stats | None
    id: str | None
    last_analysis: datetime | None
    link: str | None
    reason: str | None
    removed: tuple[str, ...]
    analysis_id: str | None
    analysis_status: AnalysisStatus | None
    poll_after_s: float | None
    engines: Mapping[str, Engine] = field(repr=False, hash=False)

    @cached_property
    def raw(self) -> dict[str, Any] | None:
        """VirusTotal's own object, a copy: the cache's stays as it is. None unless `include` asked for it."""
        return copy.deepcopy((self._document["data"] or {}).get("raw"))


def judged_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """`Judged`'s fields by name, for those built on it. Raises the document's error."""
    fields = answer_fields(document)
    data: Mapping[str, Any] = document["data"] or {}
    fields.update((name, data.get(name)) for name in ("id", "link", "reason", "analysis_id", "analysis_status"))
    return {
        **fields,
        "verdict": data.get("verdict", "unknown"),
        "stats": Stats(**data["stats"]) if data.get("stats") else None,
        "last_analysis": time_of(data.get("last_analysis")),
        "poll_after_s": document["meta"].get("poll_after_s"),
        "removed": tuple(data.get("removed", ())),
        "engines": {name: Engine(**engine) for name, engine in data.get("engines", {}).items()},
    }


@dataclass(frozen=True)
class Report(Judged):
    """What VirusTotal knows of a file, URL, domain or address: the answer of `lookup_*`.

    `indicator` is the value in its canonical form. `size` in bytes. A scan is in it where `lookup_url` had to ask for
    one.
    """

    type: Kind
    indicator: str
    reputation: int | None
    votes: Votes | None
    label: str | None
    names: tuple[str, ...]
    tags: tuple[str, ...]
    categories: tuple[str, ...]
    md5: str | None
    sha1: str | None
    sha256: str | None
    size: int | None
    file_type: str | None
    url: str | None
    final_url: str | None
    title: str | None
    registrar: str | None
    country: str | None
    asn: int | None
    owner: str | None
    network: str | None
    created: datetime | None
    first_seen: datetime | None

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Report:
        """From a response document, such as `to_dict()` gives or `vtaction run` writes. Raises its error."""
        fields = judged_fields(document)
        data: Mapping[str, Any] = document["data"]
        fields.update((name, data.get(name)) for name in _AS_IT_IS)
        fields.update((name, tuple(data.get(name) or ())) for name in ("names", "tags", "categories"))
        fields.update((name, data.get("hashes", {}).get(name)) for name in ("md5", "sha1", "sha256"))
        fields.update((name, time_of(data.get(name))) for name in ("created", "first_seen"))
        return cls(**fields, votes=_votes(data))


_AS_IT_IS = (
    *("type", "indicator", "reputation", "label", "size", "file_type", "url", "final_url", "title", "registrar"),
    *("country", "asn", "owner", "network"),
)


@dataclass(frozen=True)
class Lookup:
    """One value of `lookup_many`, as it was given, with its `report` or the `error` that stood in its way."""

    value: str
    report: Report | None
    error: ConnectorError | None

    @classmethod
    def from_dict(cls, value: str, document: Mapping[str, Any]) -> Lookup:
        """From the response document to looking `value` up."""
        try:
            return cls(value, Report.from_dict(document), None)
        except ConnectorError as error:
            return cls(value, None, error)


def _votes(data: Mapping[str, Any]) -> Votes | None:
    votes = data.get("votes")
    return None if votes is None else Votes(votes.get("harmless"), votes.get("malicious"))
