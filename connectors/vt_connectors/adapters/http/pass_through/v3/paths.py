"""What a call below `/api/v3/` asks for: its path segment by segment, its query, and the right that it needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote

from .....actions.path_kinds import LISTINGS, OBJECTS
from .....actions.path_objects import indicator_in, is_url_hash, url_of_id
from ...callers import Right
from ...messages import Call, Refused
from ...token_text import refuse_tokens

BEGIN = "/api/v3/"
UPLOADS = "/_vtaction/upload/"
_MOST_SEGMENTS = 12
_WORD = re.compile(r"[a-z_]{1,40}")
# https://docs.virustotal.com/reference/overview. Anything else is not passed on.
FIRST_SEGMENTS = frozenset(
    (
        *OBJECTS,
        *("analyses", "comments", "search", "file_behaviours", "resolutions", "submissions", "votes", "screenshots"),
        *("intelligence", "metadata", "users", "groups", "service_accounts", "collections", "graphs", "references"),
        *("attack_tactics", "attack_techniques", "threat_actors", "ioc_stream", "feeds", "private", "sigma_rules"),
        *("sigma_analyses", "yara_rules", "yara_rulesets", "popular_threat_categories", "access_control", "operations"),
        *("saved_searches", "monitor", "monitor_items", "monitor_hashes", "monitor_partner", "codeinsights"),
        *("me", "ioc_stream_notifications", "hunting_notifications", "hunting_notification_files"),
        *("threat_lists", "threat_profiles"),
    )
)
# Parameters, and fields of forms, that some clients use for the key.
OF_KEY = frozenset(("apikey", "x-apikey"))
_READABLE = (*OBJECTS, "analyses", "comments", "search", "file_behaviours", "resolutions", "votes")
_OWN_FIGURES = ("overall_quotas", "api_usage")
_SCANNED = (["files"], ["urls"], ["private", "files"], ["private", "urls"])
_DOWNLOADS = frozenset(("download", "download_url", "pcap", "evtx", "memdump", "html"))


class UploadAddress(NamedTuple):
    """`address`: VirusTotal's own; whoever has it can upload for the account."""

    address: str
    is_private: bool


class Target(NamedTuple):
    """`segments`: of the path below `/api/v3/`, decoded; ids of indicators in one spelling. `told`: the id as it was
    sent, for messages.
    """

    segments: list[str]
    values: dict[str, str]
    told: str = ""

    @property
    def path(self) -> str:
        """With encoded segments."""
        return "/".join(quote(segment, safe="") for segment in self.segments)

    @property
    def template(self) -> str:
        """The path without ids, for the audit log and the metrics."""
        place = 2 if self.segments[0] in ("intelligence", "private") else 1
        shown = ["{id}" if found == place else segment for found, segment in enumerate(self.segments[:4])]
        return BEGIN + "/".join(shown)

    @property
    def is_report(self) -> bool:
        return len(self.segments) == 2 and self.segments[0] in OBJECTS and self.segments[1] != "upload_url"

    @property
    def is_upload(self) -> bool:
        """Whether a POST to it uploads a file."""
        return self.segments in (["files"], ["private", "files"])

    @property
    def is_upload_address(self) -> bool:
        return self.segments in (["files", "upload_url"], ["private", "files", "upload_url"])

    @property
    def is_download(self) -> bool:
        """Whether the answer is a file, or leads to one."""
        return self.segments[-1] in _DOWNLOADS or self.segments[0] == "feeds"


def target_of(call: Call, token: str) -> Target:
    """Raises `Refused`, also if a token, such as `token`, the caller's, is anywhere but in its place."""
    raw = call.path[len(BEGIN) :]
    raw = raw[:-1] if raw.endswith("/") else raw
    segments, values = [_decoded(segment) for segment in raw.split("/")], _values(call)
    if segments[:1] == ["users"] and segments[1:2] == [token]:
        segments[1] = "me"
    refuse_tokens([segments, values], token)
    told = segments[1] if len(segments) > 1 else ""
    if len(segments) > 1 and segments[0] == "urls":
        segments[1] = _one_spelling_of_url(segments[1])
    for segment in segments:
        if not segment or set(segment) <= {"."} or not segment.isprintable() or "/" in segment or "\\" in segment:
            raise Refused(400, "path", "a segment of the path is empty, relative, or has a slash or control character")
    if len(segments) > _MOST_SEGMENTS:
        raise Refused(400, "path", f"the path has more than {_MOST_SEGMENTS} segments")
    if segments[0] not in FIRST_SEGMENTS:
        raise Refused(
            404,
            "path",
            f"this server passes no calls on to {_shown(segments[0])}; the action vt_get (POST /v1/run) reads any "
            "path, with the right raw",
        )
    indicator = indicator_in(segments)
    if indicator is not None and not indicator.removed:
        segments[1] = indicator.vt_id
    target = Target(segments, values, told)
    # A URL may be base64 in the path.
    urls = [url_of_id(segment) for segment in segments[1:2]] if segments[0] == "urls" else []
    refuse_tokens(urls, token)
    return target


def _shown(segment: str) -> str:
    """A first segment that may be one of VirusTotal's: anything else may be a key."""
    return f"{BEGIN}{segment}" if _WORD.fullmatch(segment) else "this path"


def refuse_write_to_account(method: str, segments: Sequence[str]) -> None:
    """Raises `Refused` for calls that change or delete an account: all clients share the server's."""
    if segments[0] in ("users", "me") and method not in ("GET", "HEAD"):
        raise Refused(403, "account", "accounts are not changed through this server; use VirusTotal itself")


def right_of(method: str, segments: Sequence[str]) -> Right:
    """The right that a call needs: `read`, `submit` and `comment` for what has an action of ours, else `raw`."""
    if method in ("GET", "HEAD"):
        return _right_to_read(segments)
    if method == "POST" and list(segments) in _SCANNED:
        return "submit"
    is_of_object = len(segments) == 3 and segments[0] in OBJECTS
    if method == "POST" and is_of_object and segments[2] == "analyse":
        return "submit"
    if method == "POST" and ((is_of_object and segments[2] in LISTINGS) or _is_vote_on_comment(segments)):
        return "comment"
    if method == "DELETE" and len(segments) == 2 and segments[0] == "comments":
        return "comment"
    return "raw"


def _right_to_read(segments: Sequence[str]) -> Right:
    first, last = segments[0], segments[-1]
    if last == "upload_url":
        return "submit"
    if last in _DOWNLOADS:
        return "raw"
    # As for our actions, private reports and the IoC stream need `raw`.
    if first in _READABLE:
        return "read"
    is_own = first == "users" and len(segments) == 3 and segments[1] == "me" and last in _OWN_FIGURES
    return "read" if is_own else "raw"


def _is_vote_on_comment(segments: Sequence[str]) -> bool:
    return len(segments) == 3 and segments[0] == "comments" and segments[2] == "votes"


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise Refused(400, "path", "the path is not UTF-8") from None


def _one_spelling_of_url(told: str) -> str:
    """Clients also send padded base64, and in the other alphabet, which has a slash."""
    if is_url_hash(told):
        return told.lower()
    return told.rstrip("=").replace("+", "-").replace("/", "_") if url_of_id(told) is not None else told


def _values(call: Call) -> dict[str, str]:
    try:
        given = [(name, value) for name, value in call.query_values if name.lower() not in OF_KEY]
    except ValueError:
        raise Refused(400, "query", "the query has too many values") from None
    if len({name for name, _ in given}) < len(given):
        raise Refused(400, "query", "the query has a value twice")
    return dict(given)
