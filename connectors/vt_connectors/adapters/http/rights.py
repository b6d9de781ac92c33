"""What a caller may do: the only place that decides it, for all faces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...actions import ACTIONS
from ...errors import ConnectorError, Forbidden, InvalidRequest
from .callers import Caller, Right
from .messages import Refused

HOW_TO_DOWNLOAD = (
    "GET /api/v3/files/{hash}/download has the content of a file, with the right raw, if the server was started with "
    "--allow-downloads"
)


class Needs(NamedTuple):
    """The right that an action needs, and those that it needs too if a parameter is given (not null and not false).

    `why_never`: the action is refused for everybody. `never`: parameters that are refused for everybody, and why.
    """

    right: Right = "read"
    with_params: tuple[tuple[str, Right], ...] = ()
    never: tuple[tuple[str, str], ...] = ()
    why_never: str | None = None


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
    "scan_file": Needs(
        "submit", never=(("path", "no file of the server is sent: use content_base64, or upload the file"),)
    ),
    "scan_url": _SCANS,
    "rescan": _SCANS,
    "rescan_file": _SCANS,
    "add_comment": _COMMENTS,
    "delete_comment": _COMMENTS,
    "add_vote": _COMMENTS,
    # Queries show what somebody hunts for, and use up a quota of their own.
    "intelligence_search": _RAW,
    # It shows what the account watches for.
    "ioc_stream": _RAW,
    # It reads any path, also about the account.
    "vt_get": _RAW,
    "lookup_private_file": _RAW,
    "lookup_private_url": _RAW,
    "download_file": Needs("raw", why_never=f"it writes a file of the server; {HOW_TO_DOWNLOAD}"),
}


class ServerSettings(NamedTuple):
    """What the server allows at all. `accepts_keys`: clients may give their own VirusTotal key. `download_bytes`: the
    largest file of VirusTotal's collection that is passed on; 0: none.
    """

    accepts_keys: bool = False
    download_bytes: int = 0


DEFAULT_SETTINGS = ServerSettings()


def refusal(document: Any, caller: Caller, settings: ServerSettings = DEFAULT_SETTINGS) -> ConnectorError | None:
    """The error if this caller's request is refused; None if the core should answer it, or refuse it as invalid.

    `details.right` of the error names the right that the token lacks.
    """
    if not isinstance(document, Mapping):
        return None
    if "auth" in document and not settings.accepts_keys:
        return InvalidRequest(
            "auth is not allowed here: the server uses its own key, unless it runs with --accept-keys",
            details={"path": "/auth"},
        )
    name, params = document.get("action"), document.get("params")
    if not isinstance(name, str) or name not in ACTIONS:
        return None
    needs = NEEDS.get(name)
    if needs is None:
        return Forbidden(f"{name} is not available over HTTP")
    return _refused(name, needs, params if isinstance(params, Mapping) else {}, caller)


def missing_right(caller: Caller, right: Right, about: str) -> Forbidden | None:
    """The error if the caller lacks the right; `about` is what needs it, such as the name of an action."""
    if right in caller.rights:
        return None
    return Forbidden(
        f"{about} needs the right {right}, which the token {caller.name} lacks; ask for a token with it "
        f"(vtaction serve token add --rights)",
        details={"right": right},
    )


def check_right(caller: Caller, right: Right, about: str) -> None:
    """Raises `Refused` with status 403 if the caller lacks the right."""
    error = missing_right(caller, right, about)
    if error is not None:
        raise Refused(403, "right", error.message)


def _refused(name: str, needs: Needs, params: Mapping[str, Any], caller: Caller) -> Forbidden | None:
    if needs.why_never is not None:
        return Forbidden(f"{name} is not available over HTTP: {needs.why_never}")
    for param, why in needs.never:
        if _is_given(params, param):
            return Forbidden(f"/params/{param} is not allowed over HTTP: {why}", details={"path": f"/params/{param}"})
    rights = [needs.right, *(right for param, right in needs.with_params if _is_given(params, param))]
    for right in rights:
        refused = missing_right(caller, right, name)
        if refused is not None:
            return refused
    return None


def _is_given(params: Mapping[str, Any], name: str) -> bool:
    """Wrong types count as given; the core refuses them."""
    return params.get(name) not in (None, False)
