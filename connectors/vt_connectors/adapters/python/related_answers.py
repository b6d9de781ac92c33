"""Rows of objects for Python callers: related objects, found objects, and notifications of the IoC stream."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...contract.documents import Verdict
from ...indicators import Kind
from .answers import Answer, Stats, answer_fields, time_of


@dataclass(frozen=True)
class RelatedObject:
    """One object. `type`: a kind of indicators, or VirusTotal's type of another object (such as `comment`).

    `is_known`: False if VirusTotal names the object but does not have it. `date`: when VirusTotal saw the object or
    the relationship. `host` and `ip`: of a resolution. `verdict` and the other fields of a report are set in whole
    objects only. `attributes`: VirusTotal's own, of whole objects that are not indicators. `size` in bytes.
    """

    type: str
    id: str | None
    indicator: str | None
    host: str | None
    ip: str | None
    is_known: bool
    date: datetime | None
    verdict: Verdict | None
    stats: Stats | None
    reputation: int | None
    label: str | None
    names: tuple[str, ...]
    tags: tuple[str, ...]
    size: int | None
    first_seen: datetime | None
    last_analysis: datetime | None
    link: str | None
    attributes: Mapping[str, Any] = field(repr=False, hash=False)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> RelatedObject:
        """From a row of an answer's `data`."""
        return cls(**_fields(row))


_COPIED = ("id", "indicator", "host", "ip", "verdict", "reputation", "label", "size", "link")


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": row["type"],
        "is_known": row.get("status") != "not_found",
        "stats": Stats(**row["stats"]) if row.get("stats") else None,
        "attributes": copy.deepcopy(dict(row.get("attributes") or {})),
        **{name: row.get(name) for name in _COPIED},
        **{name: tuple(row.get(name) or ()) for name in ("names", "tags")},
        **{name: time_of(row.get(name)) for name in ("date", "first_seen", "last_analysis")},
    }


@dataclass(frozen=True)
class Relationships(Answer):
    """The answer of `relationships`. `more`: there are more than the requested number. `reason`: why it was skipped."""

    type: Kind
    indicator: str
    relationship: str | None
    related: tuple[RelatedObject, ...]
    more: bool
    reason: str | None

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Relationships:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        data = document["data"]
        return cls(
            **fields,
            type=data["type"],
            indicator=data["indicator"],
            relationship=data.get("relationship"),
            related=tuple(map(RelatedObject.from_dict, data.get("related") or ())),
            more=bool(data.get("more")),
            reason=data.get("reason"),
        )


@dataclass(frozen=True)
class SearchResults(Answer):
    """The answer of `search` and `intelligence_search`. `more`: there are more than the requested number.

    `total`: how many results VirusTotal has; None if it did not say. `reason`: why it was skipped.
    """

    query: str | None
    results: tuple[RelatedObject, ...]
    more: bool
    total: int | None
    reason: str | None

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> SearchResults:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        data = document["data"]
        return cls(
            **fields,
            query=data.get("query"),
            results=tuple(map(RelatedObject.from_dict, data.get("results") or ())),
            more=bool(data.get("more")),
            total=data.get("total"),
            reason=data.get("reason"),
        )


@dataclass(frozen=True)
class Notification(RelatedObject):
    """A notification of the IoC stream: its object, and why VirusTotal sent it.

    `notified`: when. `origin`: `hunting` or `subscriptions`. `rule`: the YARA rule that matched. `sources`: rulesets,
    collections and actors it comes from.
    """

    notification_id: str
    notified: datetime | None
    origin: str | None
    rule: str | None
    sources: tuple[str, ...]
    notification_tags: tuple[str, ...]

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Notification:
        """From a row of an answer's `data`."""
        return cls(
            **_fields(row),
            notification_id=row["notification_id"],
            notified=time_of(row.get("notified")),
            origin=row.get("origin"),
            rule=row.get("rule"),
            sources=tuple(row.get("sources") or ()),
            notification_tags=tuple(row.get("notification_tags") or ()),
        )


@dataclass(frozen=True)
class IocStream(Answer):
    """The answer of `ioc_stream`, the oldest notification first. `since`: where it begins.

    `cursor`: where it ends, the argument `since` of the next call; None if it was skipped. `more`: the stream goes on
    after it. `reason`: why it was skipped.
    """

    notifications: tuple[Notification, ...]
    cursor: str | None
    since: datetime | None
    more: bool
    reason: str | None

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> IocStream:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        data = document["data"]
        return cls(
            **fields,
            notifications=tuple(map(Notification.from_dict, data["notifications"])),
            cursor=data.get("cursor"),
            since=time_of(data.get("since")),
            more=bool(data.get("more")),
            reason=data.get("reason"),
        )
