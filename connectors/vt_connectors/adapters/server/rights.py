"""The rights of callers, and which of them an action needs. What HTTP refuses beyond that is in `http/rights.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from ...actions import Action

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


# What cannot be derived from the row of the registry.
_SCANS, _RAW = Needs("submit"), Needs("raw")
_NOT_DERIVED: Mapping[str, Needs] = {
    # Private scans need no other right: they show less to others, and their response has only what the caller sent.
    "scan_file": _SCANS,
    "scan_url": _SCANS,
    "rescan": _SCANS,
    "rescan_file": _SCANS,
    # Private results are only for those who may see the reports on all private scans of the account.
    "get_analysis": Needs(with_params=(("private", "raw"),)),
    # It reads any path, also about the account.
    "vt_get": _RAW,
}


def needs_of(action: Action) -> Needs:
    """Derived from the action's row, unless it is listed above.

    Writes need `comment`, because they publish something under the account's name. Reading needs `raw` if the call has
    a licence: it may show what the account investigates or watches for, and often has a quota of its own. Other reading
    needs `read`, and `submit` with parameters that make it write.
    """
    if action.name in _NOT_DERIVED:
        return _NOT_DERIVED[action.name]
    if action.writes:
        return Needs("comment")
    right: Right = "read" if action.licence in ("free", None) else "raw"
    return Needs(right, tuple((param, "submit") for param in action.write_params))


def needed_rights(needs: Needs, params: Mapping[str, Any]) -> list[Right]:
    """The rights for a request with these parameters, which may be invalid."""
    return [needs.right, *(right for param, right in needs.with_params if is_given(params, param))]


def is_given(params: Mapping[str, Any], name: str) -> bool:
    """Wrong types count as given; the core refuses them."""
    return params.get(name) not in (None, False)
