"""API v2: handlers and costs of calls, and refusals."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ..accounts import Accounts
from ..errors import ApiError
from ..http.messages import Response
from ..state import State
from . import comments, files, hosts, urls
from .call import UPLOAD, Handler, V2Call

_HTML = "text/html; charset=utf-8"
OUT_OF_QUOTA = Response(204, b"", _HTML)
REFUSED = Response(403, b"", _HTML)


@dataclass(frozen=True)
class _Route:
    """`batch`: the parameter that may have several values, their separator, and the number of values that are used."""

    methods: frozenset[str]
    handler: Handler
    batch: tuple[str, str, int] | None = None
    private: bool = False


_BOTH, _GET, _POST = frozenset(("GET", "POST")), frozenset(("GET",)), frozenset(("POST",))
_ROUTES = {
    "file/report": _Route(_BOTH, files.report, ("resource", ",", files.MOST_REPORTS)),
    "file/scan": _Route(_POST, files.scan),
    UPLOAD: _Route(_POST, files.scan_at_address),
    "file/scan/upload_url": _Route(_GET, files.upload_url, private=True),
    "file/rescan": _Route(_POST, files.rescan, ("resource", ",", files.MOST_RESCANS), private=True),
    "url/scan": _Route(_POST, urls.scan, ("url", "\n", urls.MOST_URLS)),
    "url/report": _Route(_BOTH, urls.report, ("resource", "\n", urls.MOST_URLS)),
    "domain/report": _Route(_GET, hosts.domain_report),
    "ip-address/report": _Route(_GET, hosts.ip_report),
    "comments/put": _Route(_POST, comments.put),
    "comments/get": _Route(_GET, comments.get, private=True),
}


class V2Routes:
    """Routes the calls of API v2 to handlers with `state`."""

    def __init__(self, state: State, accounts: Accounts) -> None:
        self._state = state
        self._accounts = accounts

    def refusal(self, call: V2Call) -> Response | None:
        """The response to a call without a valid key, or to an unknown call; neither costs quota."""
        route = _ROUTES.get(call.name)
        if route is None or call.method not in route.methods:
            return Response(404, b"", _HTML)
        if not self._accounts.may_ask(call.key) or (route.private and not self._state.config.private_keys):
            return REFUSED
        return None

    def cost(self, call: V2Call) -> int:
        """The requests to charge to the quota: every value counts."""
        batch = _ROUTES[call.name].batch
        return max(1, len(call.values(*batch))) if batch else 1

    def answer(self, call: V2Call) -> Response:
        """The response to a call that is not refused and has quota."""
        try:
            document = _ROUTES[call.name].handler(self._state, call)
        except ApiError:
            return Response(400, b"", _HTML)
        return Response(200, json.dumps(document).encode("ascii"))
