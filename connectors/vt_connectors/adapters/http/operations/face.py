"""`/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

from typing import Callable

from ..callers import Caller
from ..face import bearer_token
from ..messages import Call, Note, Refused, Reply, json_reply
from .metrics import Metrics
from .readiness import Readiness

PATHS = ("/healthz", "/readyz", "/metrics")
_OPEN = ("/healthz", "/readyz")
_METHODS = "GET, HEAD"


class OperationsFace:
    """`/healthz` and `/readyz` are open, and tell nothing but a reason; `/metrics` needs the right `metrics`."""

    def __init__(self, readiness: Readiness, metrics: Metrics) -> None:
        self._readiness = readiness
        self._metrics = metrics
        self._pages: dict[str, Callable[[Caller], Reply]] = {
            "/healthz": self._health,
            "/readyz": self._ready,
            "/metrics": self._figures,
        }

    def token_of(self, call: Call) -> str | None:
        return bearer_token(call)

    def is_open(self, call: Call) -> bool:
        return call.path in _OPEN

    def answer(self, call: Call, caller: Caller) -> Reply:
        page = self._pages.get(call.path)
        if page is None:
            raise Refused(404, "path", "there is nothing at this path")
        if call.method not in ("GET", "HEAD"):
            raise Refused(405, "method", f"get {call.path} with GET")
        return page(caller)._replace(note=Note(f"GET {call.path}"))

    def refuse(self, refused: Refused) -> Reply:
        document = {"error": {"code": refused.reason, "message": refused.message}}
        allowed = (("Allow", _METHODS),) if refused.status == 405 else ()
        return json_reply(refused.status, document, (*refused.headers, *allowed))

    def _health(self, _: Caller) -> Reply:
        return json_reply(200, {"status": "ok"})

    def _ready(self, _: Caller) -> Reply:
        reason = self._readiness.reason()
        if reason is None:
            return json_reply(200, {"status": "ready"})
        return json_reply(503, {"status": "not_ready", "reason": reason})

    def _figures(self, caller: Caller) -> Reply:
        if "metrics" not in caller.rights:
            raise Refused(403, "right", "the token lacks the right metrics")
        return Reply(200, self._metrics.text(), content_type=self._metrics.content_type)
