"""API v3: the handlers of calls."""

from __future__ import annotations

from ..data.kinds import Kind
from ..errors import not_found
from ..http.messages import Request, Response
from ..state import State
from . import read_handlers as reading
from . import write_handlers as writing
from .calls import Call, Handler

_OPEN = "*"
_Route = tuple[str, tuple[str, ...], Handler]


class V3Routes:
    """Routes the calls of API v3 to handlers with `state`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._routes = _routes()

    def answer(self, request: Request, key: str) -> Response:
        """The response to a request with an accepted key and quota. Raises ApiError."""
        for method, pattern, handler in self._routes:
            ids = _match(pattern, request.segments) if method == request.method else None
            if ids is not None:
                return handler(self._state, Call(request, key, ids))
        raise not_found("Resource not found.")


def _routes() -> list[_Route]:
    # The first match wins, so fixed segments come before open ones.
    table: list[tuple[str, str, Handler]] = [
        ("GET", "files/upload_url", writing.upload_url),
        ("POST", "files", writing.scan_file),
        ("POST", "urls", writing.scan_url),
        ("GET", "files/*/analyses", reading.analyses_of_file),
        ("GET", "analyses/*", reading.analysis),
        ("GET", "analyses/*/item", reading.analysed_item),
        ("GET", "users/*", reading.user),
        ("GET", "users/*/overall_quotas", reading.quotas),
    ]
    for kind in Kind:
        table += [
            ("GET", f"{kind.collection}/*", reading.report_on(kind)),
            ("GET", f"{kind.collection}/*/comments", reading.comments_on(kind)),
            ("POST", f"{kind.collection}/*/comments", writing.comment_on(kind)),
            ("POST", f"{kind.collection}/*/analyse", writing.rescan_of(kind)),
        ]
    for kind in (Kind.DOMAIN, Kind.IP):
        table.append(("GET", f"{kind.collection}/*/resolutions", reading.resolutions_on(kind)))
    routes = [(method, ("api", "v3", *path.split("/")), handler) for method, path, handler in table]
    return [*routes, ("POST", ("_ah", "upload", _OPEN), writing.scan_uploaded_file)]


def _match(pattern: tuple[str, ...], segments: tuple[str, ...]) -> tuple[str, ...] | None:
    """The segments at the pattern's open positions, or None if the path does not match."""
    if len(pattern) != len(segments):
        return None
    pairs = list(zip(pattern, segments))
    if any(fixed not in (_OPEN, segment) for fixed, segment in pairs):
        return None
    ids = tuple(segment for fixed, segment in pairs if fixed == _OPEN)
    return ids if all(ids) else None
