"""The answers of other actions for Python callers: scans, comments, resolutions, the quota."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...indicators import Kind
from .answers import Answer, Judged, ThreatSeverity, answer_fields, judged_fields, time_of


@dataclass(frozen=True)
class ActionAnswer(Answer):
    """The answer of `run`. `data`: a copy of the action's result; `vtaction describe` prints its schema.

    `poll_after_s`: seconds until the next poll; None unless `status` is `pending`.
    """

    poll_after_s: float | None

    @property
    def data(self) -> dict[str, Any]:
        return copy.deepcopy(dict(self._document["data"] or {}))

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ActionAnswer:
        """From a response document. Raises its error."""
        return cls(**answer_fields(document), poll_after_s=document["meta"].get("poll_after_s"))


@dataclass(frozen=True)
class Analysis(Judged):
    """A running or completed scan: the answer of `scan_file`, `rescan_file`, `scan_url` and `get_analysis`.

    While `status` is `pending`, call `get_analysis(analysis_id, private=analysis.private)` again in `poll_after_s`
    seconds. `type` and `indicator` are None if only the scan's id is known.

    `private`: it is a private scan. Only then: `threat_severity`; `expires`, when VirusTotal deletes the report, which
    `lookup_private_file` and `lookup_private_url` read in whole; and the last three values of `analysis_status`, with
    which a scan ends without a result.
    """

    type: Kind | None
    indicator: str | None
    private: bool
    threat_severity: ThreatSeverity | None
    expires: datetime | None

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Analysis:
        """From a response document. Raises its error."""
        fields = judged_fields(document)
        data: Mapping[str, Any] = document["data"] or {}
        return cls(
            **fields,
            type=data.get("type"),
            indicator=data.get("indicator"),
            private=bool(data.get("private")),
            threat_severity=data.get("threat_severity"),
            expires=time_of(data.get("expires")),
        )


@dataclass(frozen=True)
class PostedComment(Answer):
    """The answer of `add_comment`. `comment_id` and `text` are None if no comment was added."""

    type: Kind
    indicator: str
    comment_id: str | None
    text: str | None

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> PostedComment:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        data = document["data"]
        return cls(
            **fields,
            type=data["type"],
            indicator=data["indicator"],
            comment_id=data.get("comment_id"),
            text=data.get("comment"),
        )


@dataclass(frozen=True)
class Comment:
    """One comment of VirusTotal's community. API v2 gives no `id`."""

    id: str | None
    text: str
    date: datetime | None
    tags: tuple[str, ...]


@dataclass(frozen=True)
class CommentList(Answer):
    """The answer of `get_comments`, newest first. `more`: there are more than the requested number."""

    type: Kind
    indicator: str
    comments: tuple[Comment, ...]
    more: bool

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> CommentList:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        data = document["data"]
        comments = tuple(
            Comment(each.get("id"), each["text"], time_of(each.get("date")), tuple(each.get("tags") or ()))
            for each in data.get("comments") or ()
        )
        more = bool(data.get("more"))
        return cls(**fields, type=data["type"], indicator=data["indicator"], comments=comments, more=more)


@dataclass(frozen=True)
class Resolution:
    """`host` resolved to `ip` on `date`, as `resolver` saw it."""

    host: str | None
    ip: str | None
    date: datetime | None
    resolver: str | None


@dataclass(frozen=True)
class PassiveDns(Answer):
    """The answer of `passive_dns`, newest first. `more`: there are more than the requested number."""

    type: Kind
    indicator: str
    resolutions: tuple[Resolution, ...]
    more: bool

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> PassiveDns:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        data = document["data"]
        resolutions = tuple(
            Resolution(each.get("host"), each.get("ip"), time_of(each.get("date")), each.get("resolver"))
            for each in data.get("resolutions") or ()
        )
        return cls(
            **fields,
            type=data["type"],
            indicator=data["indicator"],
            resolutions=resolutions,
            more=bool(data.get("more")),
        )
