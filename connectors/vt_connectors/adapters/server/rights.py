"""The rights of callers, and which one an action needs: the only place that decides it, for all servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

# `read`: lookups and other reading actions. `submit`: scans and rescans. `comment`: comments and votes. `raw`: any
# other call of VirusTotal's API, and downloads. `metrics`: the server's own figures.
Right = Literal["read", "submit", "comment", "raw", "metrics"]
RIGHTS: tuple[Right, ...] = ("read", "submit", "comment", "raw", "metrics")
# A new caller may do only this, because the others publish or reveal something.
DEFAULT_RIGHTS: frozenset[Right] = frozenset(("read",))


class Needs(NamedTuple):
    """The right that an action needs, and those that it needs too if a parameter is given (not null and not false)."""

    right: Right = "read"
    with_params: tuple[tuple[str, Right], ...] = ()


_READS, _SCANS, _COMMENTS, _RAW = Needs(), Needs("submit"), Needs("comment"), Needs("raw")
NEEDS: Mapping[str, Needs] = {
    "lookup": _READS,
    "lookup_hash": _READS,
    "lookup_url": Needs(with_params=(("scan_if_missing", "submit"),)),
    "lookup_domain": _READS,
    "lookup_ip": _READS,
    "passive_dns": _READS,
    "relationships": _READS,
    "behaviour": _READS,
    "search": _READS,
    "get_comments": _READS,
    "get_comment": _READS,
    "get_votes": _READS,
    # With `usage_days` too: clients that share a quota may see what uses it up, and it names no indicators.
    "quota": _READS,
    # Private results are only for those who may see the reports on all private scans of the account.
    "get_analysis": Needs(with_params=(("private", "raw"),)),
    # Private scans need no other right: they show less to others, and their response has only what the caller sent.
    "scan_file": _SCANS,
    "scan_url": _SCANS,
    "rescan": _SCANS,
    "rescan_file": _SCANS,
    "add_comment": _COMMENTS,
    "delete_comment": _COMMENTS,
    "add_vote": _COMMENTS,
    # Queries reveal what is being investigated, and have a quota of their own.
    "intelligence_search": _RAW,
    # It shows what the account watches for.
    "ioc_stream": _RAW,
    # It reads any path, also about the account.
    "vt_get": _RAW,
    "lookup_private_file": _RAW,
    "lookup_private_url": _RAW,
    "download_file": _RAW,
}


def needed_rights(needs: Needs, params: Mapping[str, Any]) -> list[Right]:
    """The rights for a request with these parameters, which may be invalid."""
    return [needs.right, *(right for param, right in needs.with_params if is_given(params, param))]


def is_given(params: Mapping[str, Any], name: str) -> bool:
    """Wrong types count as given; the core refuses them."""
    return params.get(name) not in (None, False)
