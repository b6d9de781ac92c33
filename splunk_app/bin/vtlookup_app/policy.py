"""What a caller may do with the key: the only place that decides it, for every process that has the key.

These are the app's endpoint, and searches and alerts whose user may read the key. All call `refusal` before they
answer a request, so all requests follow the same rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from vt_connectors.actions import ACTIONS
from vt_connectors.errors import ConfigError, ConnectorError, Forbidden, InvalidRequest

from .app_settings import is_on
from .comment_policy import unfilled
from .limits import MAY_WRITE
from .setting_names import COMMENTS_ALLOWED, WRITES_ALLOWED
from .splunkd import Splunkd


class Caller:
    """The rights of `user` and, from `settings`, what the admin allows. Each is read once, when first needed.

    The endpoint reads settings in splunkd's own session, a search in its user's. None means that there is no session,
    so the caller has no rights. `may` and `allows` raise `ConnectorError` if splunkd cannot be read.
    """

    def __init__(self, user: Splunkd | None, settings: Splunkd | None) -> None:
        self._user = user
        self._settings = settings

    def may(self, capability: str) -> bool:
        return capability in self._capabilities

    @cached_property
    def _capabilities(self) -> frozenset[str]:
        return _session(self._user).capabilities()

    def allows(self, setting: str) -> bool:
        """Whether the admin has turned on `setting`, one of the app's own."""
        return is_on(self._own_settings[setting])

    @cached_property
    def _own_settings(self) -> Mapping[str, str]:
        return _session(self._settings).own_settings()


def _session(splunkd: Splunkd | None) -> Splunkd:
    if splunkd is None:
        raise ConfigError("there is no session for splunkd, so your rights cannot be checked")
    return splunkd


class Needs(NamedTuple):
    """What an action needs beyond the right to look up. `writes`: `run_vtlookup_write`. `setting`: is to be on."""

    writes: bool = False
    setting: str | None = None


_READS, _SCANS, _COMMENTS, _WRITES = Needs(), Needs(True), Needs(True, COMMENTS_ALLOWED), Needs(True, WRITES_ALLOWED)
# The actions that the app offers. One that is missing here is refused for every caller, such as `vt_get`, which reads
# any path, also about the account.
NEEDS = {
    "lookup": _READS,
    "lookup_hash": _READS,
    "lookup_url": _READS,
    "lookup_domain": _READS,
    "lookup_ip": _READS,
    "add_comment": _COMMENTS,
    "scan_file": _SCANS,
    "rescan_file": _SCANS,
    "scan_url": _SCANS,
    "get_analysis": _READS,
    "passive_dns": _READS,
    "get_comments": _READS,
    "quota": _READS,
    "relationships": _READS,
    "behaviour": _READS,
    "get_votes": _READS,
    "add_vote": _WRITES,
    "rescan": _WRITES,
    "get_comment": _READS,
    "delete_comment": _WRITES,
    "search": _READS,
    "intelligence_search": _READS,
    "ioc_stream": _READS,
}
_NOT_ALLOWED = {
    COMMENTS_ALLOWED: "comments are not allowed: an admin can allow them on the app's setup page",
    WRITES_ALLOWED: "votes, rescans and deletions are not allowed: an admin can allow them on the app's setup page",
}


def refusal(document: Any, caller: Caller) -> ConnectorError | None:
    """The error if this caller's request is refused; None if the core should answer it.

    A request is also refused if rights or settings cannot be read.
    """
    try:
        _check(document, caller)
    except ConnectorError as error:
        return error
    return None


def may_move_streams(caller: Caller) -> bool:
    """Whether the caller's searches move the position in a stream, which all users of the key share.

    Without it, they read from the position and leave it where it is. Raises `ConnectorError`.
    """
    return caller.may(MAY_WRITE)


def _check(document: Any, caller: Caller) -> None:
    if not isinstance(document, dict):
        return
    if "auth" in document:
        raise InvalidRequest("auth is not allowed here: the server uses its own key", details={"path": "/auth"})
    name, params = document.get("action"), document.get("params")
    if not isinstance(name, str) or name not in ACTIONS:
        return
    if name not in NEEDS:
        raise Forbidden(f"{name} is not available in Splunk")
    if name == "scan_file" and isinstance(params, dict) and "path" in params:
        # This would read a file of the search head with the rights of splunkd.
        raise Forbidden("no file of this server is sent: use content_base64", details={"path": "/params/path"})
    if isinstance(params, dict) and params.get("private") not in (None, False):
        # Private scans have a licence and a quota of their own, and only the account may see their results.
        raise Forbidden("private scans are not available in Splunk", details={"path": "/params/private"})
    if NEEDS[name].setting == COMMENTS_ALLOWED and isinstance(params, dict):
        problem = unfilled(*(text for text in params.values() if isinstance(text, str)))
        if problem is not None:
            raise InvalidRequest(problem, details={"path": "/params"})
    writes = isinstance(params, dict) and ACTIONS[name].writes_with(params)
    _check_needs(name, NEEDS[name]._replace(writes=True) if writes else NEEDS[name], caller)


def _check_needs(name: str, needs: Needs, caller: Caller) -> None:
    if needs.setting is not None and not caller.allows(needs.setting):
        raise ConfigError(_NOT_ALLOWED[needs.setting])
    if needs.writes and not caller.may(MAY_WRITE):
        raise Forbidden(
            f"{name} is public and cannot be undone: your role needs the capability {MAY_WRITE}; ask your admin"
        )
