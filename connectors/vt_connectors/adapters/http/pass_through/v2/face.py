"""`/vtapi/v2/...`: VirusTotal's legacy API for clients that know only that one (https://docs.virustotal.com/v2.0).

Reports come from and go into the shared cache of API v2. Calls that have no action of ours are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable, NamedTuple

from .....clock import Clock
from ...callers import Caller
from ...execution import Execution
from ...face import bearer_token
from ...messages import Call, Note, Refused, Reply, submitted_in
from ...rights import check_right
from ..links import own_base
from ..reply_headers import VIA
from ..request_options import options_of
from ..upload_names import UploadNames
from . import reports, writes
from .call import BASE, UPLOADS, V2Call, read_call, token_in
from .documents import answered, refusal_of
from .running import Requests, Running

_Handler = Callable[[V2Call, Requests], Reply]


class _Route(NamedTuple):
    methods: tuple[str, ...]
    handler: _Handler


_UPLOAD_URL = "file/scan/upload_url"
_EITHER, _POST = ("GET", "POST"), ("POST",)
_ROUTES: Mapping[str, _Route] = {
    "file/report": _Route(_EITHER, reports.on_files),
    "url/report": _Route(_EITHER, reports.on_urls),
    "domain/report": _Route(_EITHER, reports.on_domain),
    "ip-address/report": _Route(_EITHER, reports.on_address),
    "comments/get": _Route(_EITHER, reports.comments),
    "comments/put": _Route(_POST, writes.comment),
    "file/rescan": _Route(_POST, writes.rescan_files),
    "file/scan": _Route(_POST, writes.scan_file),
    UPLOADS: _Route(_POST, writes.scan_file),
    "url/scan": _Route(_POST, writes.scan_urls),
}
# The names of all calls that are answered.
SERVED = frozenset((_UPLOAD_URL, *_ROUTES)) - {UPLOADS}


class V2Face:
    """Has a core with `VT_API_VERSION=2` on the state of the server, whatever version is configured."""

    def __init__(self, execution: Execution, clock: Clock, *, is_behind_proxy: bool = False) -> None:
        self._running = Running(execution, clock)
        # A client uploads to such an address without its token, so the address stands for the token.
        self._tokens = UploadNames[str](clock)
        self._is_behind_proxy = is_behind_proxy

    def token_of(self, call: Call) -> str | None:
        """In `apikey`; the address for an upload stands for the token of the client that got it."""
        if call.path.startswith(BASE + UPLOADS):
            return self._tokens.look(call.path[len(BASE + UPLOADS) :])
        return token_in(call) or bearer_token(call)

    def is_open(self, call: Call) -> bool:
        return False

    def answer(self, call: Call, caller: Caller) -> Reply:
        return self._answered(call, caller).with_headers(VIA)

    def refuse(self, refused: Refused) -> Reply:
        return refusal_of(refused).with_headers(VIA)

    def _answered(self, call: Call, caller: Caller) -> Reply:
        asked = read_call(call)
        if asked.name == _UPLOAD_URL and call.method == "GET":
            return self._upload_address(call, caller)
        route = _ROUTES.get(asked.name)
        if route is None:
            raise Refused(403, "not_served", "this call of API v2 is not served")
        if call.method not in route.methods:
            raise Refused(405, "method", "the call has another method", (("Allow", ", ".join(route.methods)),))
        if asked.ticket and self._tokens.take(caller.client, asked.ticket) is None:
            raise Refused(403, "ticket", "the address was for one upload")
        return _with_asked(route.handler(asked, Requests(self._running, caller, options_of(call))), asked)

    def _upload_address(self, call: Call, caller: Caller) -> Reply:
        """An address of this server, for one upload. The core asks for VirusTotal's own when it sends a large file."""
        token = self.token_of(call)
        check_right(caller, "submit", "an upload")
        if caller.api_key is not None:
            # Made-up keys would fill the memory with addresses, and files of this size are taken without one.
            raise Refused(403, "own_key", "a client with its own key sends files to file/scan, without such an address")
        assert token is not None, "the caller was found by its token"
        base = own_base(call, is_behind_proxy=self._is_behind_proxy)
        address = f"{base}{BASE}{UPLOADS}{self._tokens.keep(caller.client, token)}"
        reply = answered({"upload_url": address}, [])
        return reply._replace(note=Note(action=f"GET {_UPLOAD_URL}", outcome="ok"))


def _with_asked(reply: Reply, asked: V2Call) -> Reply:
    """The reply with what was asked about in its note, if no response says it."""
    values = {
        "value": asked.values.get("resource"),
        **{name: asked.values.get(name) for name in ("url", "domain", "ip")},
    }
    about = submitted_in({"params": values})
    if reply.note.indicators or about is None:
        return reply
    return reply._replace(note=reply.note._replace(indicators=(about,)))
