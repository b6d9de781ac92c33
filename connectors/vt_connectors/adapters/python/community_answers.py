"""Votes and single comments for Python callers, and VirusTotal's own responses."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from ...indicators import Kind
from .answers import Answer, answer_fields, time_of

VoteVerdict = Literal["harmless", "malicious"]


@dataclass(frozen=True)
class Vote:
    """One vote of VirusTotal's community."""

    verdict: VoteVerdict | None
    date: datetime | None


@dataclass(frozen=True)
class VoteList(Answer):
    """The answer of `get_votes`, newest first. `more`: there are more than the requested number."""

    type: Kind
    indicator: str
    votes: tuple[Vote, ...]
    more: bool

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> VoteList:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        data = document["data"]
        votes = tuple(Vote(each.get("verdict"), time_of(each.get("date"))) for each in data.get("votes") or ())
        more = bool(data.get("more"))
        return cls(**fields, type=data["type"], indicator=data["indicator"], votes=votes, more=more)


@dataclass(frozen=True)
class PostedVote(Answer):
    """The answer of `add_vote`. `vote` is None if no vote was cast. `already`: the account had cast it before."""

    type: Kind
    indicator: str
    vote: VoteVerdict | None
    already: bool

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> PostedVote:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        data = document["data"]
        about = {"type": data["type"], "indicator": data["indicator"], "vote": data.get("vote")}
        return cls(**fields, **about, already=bool(data.get("already")))


@dataclass(frozen=True)
class SingleComment(Answer):
    """The answer of `get_comment`. `text` is None unless `status` is `ok`."""

    comment_id: str
    text: str | None
    date: datetime | None
    tags: tuple[str, ...]

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> SingleComment:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        data = document["data"]
        tags = tuple(data.get("tags") or ())
        text, date = data.get("comment"), time_of(data.get("date"))
        return cls(**fields, comment_id=data["comment_id"], text=text, date=date, tags=tags)


@dataclass(frozen=True)
class DeletedComment(Answer):
    """The answer of `delete_comment`. `deleted`: False if there was no comment with this id."""

    comment_id: str
    deleted: bool

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> DeletedComment:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        data = document["data"]
        return cls(**fields, comment_id=data["comment_id"], deleted=bool(data.get("deleted")))


@dataclass(frozen=True)
class ApiResponse(Answer):
    """The answer of `vt_get`. `path`: the path that was requested. `reason`: why it was skipped."""

    path: str | None
    reason: str | None

    @property
    def response(self) -> dict[str, Any] | None:
        """A copy of VirusTotal's JSON. None unless `status` is `ok`."""
        return copy.deepcopy((self._document["data"] or {}).get("response"))

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ApiResponse:
        """From a response document. Raises its error."""
        fields = answer_fields(document)
        data = document["data"]
        return cls(**fields, path=data.get("path"), reason=data.get("reason"))
