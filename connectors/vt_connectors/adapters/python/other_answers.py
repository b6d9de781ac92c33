"""What Python callers get of all that is no lookup: scans, comments, resolutions, the quota."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ...indicators import Kind
from .answers import Answer, Judged, answer_fields, judged_fields, time_of


@dataclass(frozen=True)
class ActionAnswer(Answer):
    """The answer of `run`. `data`: what the action found, as `vtaction describe` describes it; the caller's own copy.

    `poll_after_s`: ask again in so many seconds; None unless `status` is `pending`.
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
    """A scan on its way or done: the answer of `scan_file`, `rescan_file`, `scan_url` and `get_analysis`.

    While `status` is `pending`, ask `get_analysis(analysis_id)` again in `poll_after_s` seconds. `type` and
    `indicator` are None where only the scan's id is known.
    """

    type: Kind | None
    indicator: str | None

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Analysis:
        """From a response document. Raises its error."""
        fields = judged_fields(document)
        data: Mapping[str, Any] = document["data"] or {}
        return cls(**fields, type=data.get("type"), indicator=data.get("indicator"))


@dataclass(frozen=True)
class PostedComment(Answer):
    """The answer of `add_comment`. `comment_id` and `text` are None where nothing was said."""

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
    """One comment of VirusTotal's community. API v2 tells no `id`."""

    id: str | None
    text: str
    date: datetime | None
    tags: tuple[str, ...]


@dataclass(frozen=True)
class CommentList(Answer):
    """The answer of `get_comments`, newest first. `more`: there are further ones."""

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
    """The answer of `passive_dns`, newest first. `more`: there are further ones."""

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


@dataclass(frozen=True)
class QuotaWindow:
    """Requests `used` out of `limit` in one window, by our own record. `resets_in_s`: seconds until room is made."""

    limit: int
    used: int
    resets_in_s: float


@dataclass(frozen=True)
class QuotaPool:
    """Requests that a user or a group is `allowed`, has `used` and has `left`; None for what cannot be read."""

    allowed: int | None
    used: int | None
    left: int | None


@dataclass(frozen=True)
class AccountQuota(QuotaPool):
    """One quota of the account: the numbers are those of the pool that runs out first, and `pool` says which it is.

    `group` is there for members of a group, who share it.
    """

    pool: Literal["user", "group"] | None
    user: QuotaPool | None
    group: QuotaPool | None

    @classmethod
    def from_dict(cls, figure: Mapping[str, Any]) -> AccountQuota:
        user, group = (QuotaPool(**figure[name]) if name in figure else None for name in ("user", "group"))
        return cls(figure["allowed"], figure["used"], figure["left"], figure["pool"], user, group)


@dataclass(frozen=True)
class QuotaReport(Answer):
    """The answer of `quota`: our record by window (`minute`, `day`, ...), and the account's figures by VirusTotal's
    names. `blocked_for_s`: for how many seconds VirusTotal asked everybody to pause; None where it did not.
    """

    windows: Mapping[str, QuotaWindow] = field(hash=False)
    account: Mapping[str, AccountQuota] = field(hash=False)
    blocked_for_s: float | None

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> QuotaReport:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        windows, account = document["data"]["windows"], document["data"]["account"]
        return cls(
            **fields,
            windows={name: QuotaWindow(**window) for name, window in windows.items() if "limit" in window},
            account={name: AccountQuota.from_dict(figures) for name, figures in account.items()},
            blocked_for_s=windows.get("blocked", {}).get("resets_in_s"),
        )
