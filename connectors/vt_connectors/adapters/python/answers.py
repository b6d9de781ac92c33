"""Answers for Python callers: frozen and typed, read from the contract's response documents.

Values that VirusTotal did not give are None, or empty for collections. Times are `datetime` in UTC.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from ...contract.documents import DecidedBy, Source, Verdict
from ...errors import from_dict

AnswerStatus = Literal["ok", "not_found", "pending", "skipped"]
AnalysisStatus = Literal["queued", "in-progress", "completed", "error", "unsupported file type", "corrupted file"]
ThreatSeverity = Literal["high", "medium", "low", "none", "unknown"]


def checked(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """`document`, a response. Raises its error, a `ConnectorError`, if it has one."""
    if document["error"] is not None:
        raise from_dict(document["error"])
    return document


def time_of(text: str | None) -> datetime | None:
    """A time in the contract's format, `2026-01-02T03:04:05Z`."""
    # Python 3.9 and 3.10 cannot parse the Z.
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))


@dataclass(frozen=True)
class Answer:
    """The fields of every answer.

    `status`: `not_found`, `pending` and `skipped` are answers too. `summary`: one line for people. `source`: `api`,
    `cache`, or `shared` (another caller's request answered this one); None if no request was needed. `requests`: the
    cost in requests of the quota; `waited_s`: seconds spent waiting for quota. `age_s`: seconds since `fetched_at`.
    """

    status: AnswerStatus
    summary: str
    source: Source | None
    requests: int
    waited_s: float
    fetched_at: datetime | None
    age_s: int | None
    _document: Mapping[str, Any] = field(repr=False, compare=False)

    @cached_property
    def raw(self) -> dict[str, Any] | None:
        """A copy of VirusTotal's own object. None unless `include` requested it."""
        return copy.deepcopy((self._document["data"] or {}).get("raw"))

    def to_dict(self) -> dict[str, Any]:
        """The whole response document (`schemas/response.json`): JSON-ready, and the caller's own."""
        return copy.deepcopy(dict(self._document))


def answer_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """`Answer`'s fields by name, for its subclasses. Raises the document's error."""
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
    """The number of engines per result. `total` counts the engines with a result."""

    malicious: int
    suspicious: int
    harmless: int
    undetected: int
    total: int


@dataclass(frozen=True)
class Engine:
    """One engine's result: its `category` (such as `malicious`, `undetected`), and its name for the detection."""

    category: str | None
    result: str | None


@dataclass(frozen=True)
class Detection:
    """An engine that says malicious or suspicious, and its name for the detection, if it has one."""

    engine: str
    result: str | None


@dataclass(frozen=True)
class Judged(Answer):
    """An answer with a verdict. `verdict_by`: `engines` or `gti` decided; None if there is nothing to judge.

    `verdict`: `malicious`, `suspicious`, `undetected` (scanned without a detection, which does not mean safe) or
    `unknown`. `id` is VirusTotal's. `reason`: why it was skipped. `removed`: parts of a URL that were not sent (`user`,
    `password`). `detected_by`: by name, at most 100. `engines`: empty unless `include` requested them.
    `analysis_id`, `analysis_status` and `poll_after_s` (seconds until the next poll): for scans only.
    """

    verdict: Verdict
    verdict_by: DecidedBy | None
    stats: Stats | None
    detected_by: tuple[Detection, ...]
    id: str | None
    last_analysis: datetime | None
    link: str | None
    reason: str | None
    removed: tuple[str, ...]
    analysis_id: str | None
    analysis_status: AnalysisStatus | None
    poll_after_s: float | None
    engines: Mapping[str, Engine] = field(repr=False, hash=False)


_COPIED_TO_JUDGED = ("verdict_by", "id", "link", "reason", "analysis_id", "analysis_status")


def judged_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """`Judged`'s fields by name, for its subclasses. Raises the document's error."""
    fields = answer_fields(document)
    data: Mapping[str, Any] = document["data"] or {}
    fields.update((name, data.get(name)) for name in _COPIED_TO_JUDGED)
    return {
        **fields,
        "verdict": data.get("verdict", "unknown"),
        "stats": Stats(**data["stats"]) if data.get("stats") else None,
        "detected_by": tuple(Detection(**row) for row in data.get("detected_by", ())),
        "last_analysis": time_of(data.get("last_analysis")),
        "poll_after_s": document["meta"].get("poll_after_s"),
        "removed": tuple(data.get("removed", ())),
        "engines": {name: Engine(**engine) for name, engine in data.get("engines", {}).items()},
    }
