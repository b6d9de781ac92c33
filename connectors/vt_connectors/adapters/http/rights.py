"""Which requests of a caller are refused over HTTP. Which right an action needs is in `server/rights.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...actions import ACTIONS, Action
from ...errors import ConnectorError, Forbidden, InvalidRequest
from ..server.rights import Right, is_given, needed_rights, needs_of
from .callers import Caller
from .messages import Refused

HOW_TO_DOWNLOAD = (
    "GET /api/v3/files/{hash}/download has the content of a file, with the right raw, if the server was started with "
    "--allow-downloads"
)


# What is refused for everybody, and why: actions, and parameters of actions.
_NEVER: Mapping[str, str] = {"download_file": f"it writes a file of the server; {HOW_TO_DOWNLOAD}"}
_NEVER_WITH: Mapping[str, tuple[str, str]] = {
    "scan_file": ("path", "no file of the server is sent: use content_base64, or upload the file")
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
    return _refused(ACTIONS[name], params if isinstance(params, Mapping) else {}, caller)


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


def _refused(action: Action, params: Mapping[str, Any], caller: Caller) -> Forbidden | None:
    name = action.name
    if name in _NEVER:
        return Forbidden(f"{name} is not available over HTTP: {_NEVER[name]}")
    param, why = _NEVER_WITH.get(name, ("", ""))
    if param and is_given(params, param):
        return Forbidden(f"/params/{param} is not allowed over HTTP: {why}", details={"path": f"/params/{param}"})
    for right in needed_rights(needs_of(action), params):
        refused = missing_right(caller, right, name)
        if refused is not None:
            return refused
    return None
