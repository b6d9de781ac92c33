"""`/vtapi/v2/...`: VirusTotal's legacy API for clients that know only that one (https://docs.virustotal.com/v2.0).

Reports come from and go into the shared cache of API v2. Calls that have no action of ours are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable, NamedTuple

from ....clock import Clock
from ..callers import Caller
from ..execution import Execution
from ..face import bearer_token
from ..messages import Call, Note, Refused, Reply
from . import v2_reports, v2_writes
from .request_options import asked_by
from .upload_tickets import UploadTickets
from .v2_call import BASE, UPLOADS, V2Call, read_call, token_in
from .v2_documents import answered, refusal_of
from .v2_requests import Requests, Running

_Handler = Callable[[V2Call, Requests], Reply]


class _Route(NamedTuple):
    methods: tuple[str, ...]
    handler: _Handler


_EITHER, _POST = ("GET", "POST"), ("POST",)
_ROUTES: Mapping[str, _Route] = {
    "file/report": _Route(_EITHER, v2_reports.on_files),
    "url/report": _Route(_EITHER, v2_reports.on_urls),
    "domain/report": _Route(_EITHER, v2_reports.on_domain),
    "ip-address/report": _Route(_EITHER, v2_reports.on_address),
    "comments/get": _Route(_EITHER, v2_reports.comments),
    "comments/put": _Route(_POST, v2_writes.comment),
    "file/rescan": _Route(_POST, v2_writes.rescan_files),
    "file/scan": _Route(_POST, v2_writes.scan_file),
    UPLOADS: _Route(_POST, v2_writes.scan_file),
    "url/scan": _Route(_POST, v2_writes.scan_urls),
}


class V2Face:
    """Has a core with `VT_API_VERSION=2` on the state of the server, whatever version is configured."""

    def __init__(self, execution: Execution, clock: Clock) -> None:
        self._running = Running(execution, clock)
        self._tickets = UploadTickets(clock)

    def token_of(self, call: Call) -> str | None:
        """In `apikey`; the address for an upload stands for the token of the client that got it."""
        if call.path.startswith(BASE + UPLOADS):
            return self._tickets.token(call.path[len(BASE + UPLOADS) :])
        return token_in(call) or bearer_token(call)

    def is_open(self, call: Call) -> bool:
        return False

    def answer(self, call: Call, caller: Caller) -> Reply:
        asked = read_call(call)
        if asked.name == "file/scan/upload_url" and call.method == "GET":
            return self._upload_address(call, caller)
        route = _ROUTES.get(asked.name)
        if route is None:
            raise Refused(403, "not_served", "this call of API v2 is not served")
        if call.method not in route.methods:
            raise Refused(405, "method", "the call has another method", (("Allow", ", ".join(route.methods)),))
        if asked.ticket and not self._tickets.take(asked.ticket):
            raise Refused(403, "ticket", "the address was for one upload")
        return route.handler(asked, Requests(self._running, caller, asked_by(call)))

    def refuse(self, refused: Refused) -> Reply:
        return refusal_of(refused)

    def _upload_address(self, call: Call, caller: Caller) -> Reply:
        """An address of this server, for one upload. The core asks for VirusTotal's own when it sends a large file."""
        token = self.token_of(call)
        if "submit" not in caller.rights or token is None:
            raise Refused(403, "right", "an upload needs the right submit")
        address = f"{_base_of(call)}{BASE}{UPLOADS}{self._tickets.issue(token)}"
        reply = answered({"upload_url": address}, [])
        return reply._replace(note=Note(action="GET file/scan/upload_url", outcome="ok"))


def _base_of(call: Call) -> str:
    """The server's address as the client knows it. The Host header was checked; a TLS proxy names its scheme."""
    scheme = "https" if call.headers.get("x-forwarded-proto", "").strip().lower() == "https" else "http"
    return f"{scheme}://{call.headers['host'].strip()}"
