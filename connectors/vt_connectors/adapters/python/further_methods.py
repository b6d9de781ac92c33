"""The methods beyond lookups and scans: relationships, behaviour, votes, searches, the IoC stream, any other object.

Their answers are loaded on the first call, so that a program that only looks up indicators does not load them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Literal

from ...clock import iso
from ...indicators import Kind
from .calling import Calling
from .options import CacheOptions, LookupOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .behaviour_answers import Behaviour
    from .community_answers import ApiResponse, DeletedComment, PostedVote, SingleComment, VoteList, VoteVerdict
    from .related_answers import IocStream, Relationships, SearchResults

BehaviourPart = Literal["summary", "techniques"]


class FurtherMethods(Calling):
    """Part of `VirusTotal`. What needs a licence raises `Forbidden` without it; `details["licence"]` names it."""

    def relationships(
        self,
        indicator: str,
        relationship: str,
        limit: int = 40,
        full: bool = False,
        type: Kind | None = None,
        **options: Unpack[LookupOptions],
    ) -> Relationships:
        """Objects that are related to an indicator, such as its `subdomains` or `dropped_files`.

        `full`: whole objects with their verdicts instead of ids. One request for every 40 of `limit`. The names and
        their licences are in `docs/relationships.md`; `InvalidIndicator` for a name that VirusTotal does not accept.
        """
        from .related_answers import Relationships

        params = {"indicator": indicator, "type": type, "relationship": relationship, "limit": limit, "full": full}
        return Relationships.from_dict(self._run("relationships", params, LookupOptions, options))

    def behaviour(
        self, hash: str, parts: Iterable[BehaviourPart] | None = None, **options: Unpack[LookupOptions]
    ) -> Behaviour:
        """What a file did in VirusTotal's sandboxes: `techniques` (MITRE ATT&CK), and `activity` for the part
        `summary`; both without `parts`. Each costs a request.
        """
        from .behaviour_answers import Behaviour

        params = {"hash": hash, "parts": parts}
        return Behaviour.from_dict(self._run("behaviour", params, LookupOptions, options))

    def get_votes(
        self, indicator: str, limit: int = 10, type: Kind | None = None, **options: Unpack[CacheOptions]
    ) -> VoteList:
        """The newest votes of VirusTotal's community on an indicator."""
        from .community_answers import VoteList

        params = {"indicator": indicator, "limit": limit, "type": type}
        return VoteList.from_dict(self._run("get_votes", params, CacheOptions, options))

    def add_vote(
        self, indicator: str, verdict: VoteVerdict, type: Kind | None = None, **options: Unpack[CacheOptions]
    ) -> PostedVote:
        """Vote on an indicator, in public and under the account's name. VirusTotal keeps the first vote of an account:
        the same vote again is `already`, the opposite one raises `Conflict`.

        Sent once: if no response arrives, `OutcomeUnknown` is raised, and the vote may have been cast.
        """
        from .community_answers import PostedVote

        params = {"indicator": indicator, "verdict": verdict, "type": type}
        return PostedVote.from_dict(self._run("add_vote", params, CacheOptions, options))

    def get_comment(self, comment_id: str, **options: Unpack[CacheOptions]) -> SingleComment:
        """The comment with this id; `not_found` if there is none, for example because it was deleted."""
        from .community_answers import SingleComment

        return SingleComment.from_dict(self._run("get_comment", {"comment_id": comment_id}, CacheOptions, options))

    def delete_comment(self, comment_id: str, **options: Unpack[CacheOptions]) -> DeletedComment:
        """Delete a comment of this account. `Forbidden` for comments of others; `OutcomeUnknown` as for `add_vote`."""
        from .community_answers import DeletedComment

        return DeletedComment.from_dict(self._run("delete_comment", {"comment_id": comment_id}, CacheOptions, options))

    def search(self, query: str, limit: int = 40, **options: Unpack[LookupOptions]) -> SearchResults:
        """The object of an indicator, or the comments with a tag (`#phishing`). One request for every 40 of `limit`."""
        from .related_answers import SearchResults

        return SearchResults.from_dict(self._run("search", {"query": query, "limit": limit}, LookupOptions, options))

    def intelligence_search(
        self,
        query: str,
        limit: int = 40,
        order: str | None = None,
        descriptors_only: bool = False,
        **options: Unpack[LookupOptions],
    ) -> SearchResults:
        """What matches a query of VirusTotal Intelligence, such as `entity:file p:5+`. Needs a premium licence.

        `order`: such as `last_submission_date-`. `descriptors_only`: ids instead of whole objects. One request for
        every 300 of `limit`, and VirusTotal's own quota of searches.
        """
        from .related_answers import SearchResults

        params = {"query": query, "limit": limit, "order": order, "descriptors_only": descriptors_only}
        return SearchResults.from_dict(self._run("intelligence_search", params, LookupOptions, options))

    def ioc_stream(
        self,
        since: str | datetime | None = None,
        filter: str | None = None,
        limit: int = 40,
        **options: Unpack[LookupOptions],
    ) -> IocStream:
        """New notifications of the account's IoC stream, the oldest first. Needs a premium licence.

        `since`: the `cursor` of an earlier answer, or a time (a `datetime` with a time zone). Without it, the answer
        begins where the last finished one with this key and `filter` ended, in any process; at first a day ago.

        An answer is finished at the next call with the same `filter` on this connection, and at `close()`. A program
        that crashes before gets the same notifications again. `ValueError` for a time without a zone.
        """
        from .related_answers import IocStream

        params = {"since": _moment(since), "filter": filter, "limit": limit}
        return IocStream.from_dict(self._run("ioc_stream", params, LookupOptions, options))

    def vt_get(
        self, path: str, query: Mapping[str, str | int | bool] | None = None, **options: Unpack[CacheOptions]
    ) -> ApiResponse:
        """VirusTotal's own response to any other reading call of API v3, by its path below `/api/v3/`.

        `query`: the query's parameters, such as `limit` and `cursor`.
        """
        from .community_answers import ApiResponse

        params = {"path": path, "query": None if query is None else dict(query)}
        return ApiResponse.from_dict(self._run("vt_get", params, CacheOptions, options))


def _moment(since: str | datetime | None) -> str | None:
    if not isinstance(since, datetime):
        return since
    if since.tzinfo is None:
        raise ValueError("since is a time without a time zone; give it one, such as timezone.utc")
    return iso(since.astimezone(timezone.utc).timestamp())
