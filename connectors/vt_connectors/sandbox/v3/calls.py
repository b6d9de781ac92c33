"""One API call on its way to its handler, and the table of handlers, which enter themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ..accounts import Licence, Licences
from ..data.kinds import Kind
from ..errors import forbidden
from ..http.messages import Request, Response
from ..state import State

OPEN = "*"
_EVERY_KIND = tuple(Kind)


@dataclass(frozen=True)
class Call:
    """A request with an accepted key; `ids` are the path segments that its route leaves open."""

    request: Request
    key: str
    ids: tuple[str, ...]
    licences: Licences = frozenset()

    @property
    def sees_assessments(self) -> bool:
        """Whether objects have gti_assessment: it needs a licence and the name of the integration."""
        return Licence.GTI in self.licences and bool(self.request.headers.get("x-tool", "").strip())

    def require(self, licence: Licence | None) -> None:
        """ApiError 403 if the key lacks the licence."""
        if licence is not None and licence not in self.licences:
            raise forbidden()


Handler = Callable[[State, Call], Response]
HandlerOfKind = Callable[[Kind], Handler]


@dataclass(frozen=True)
class Route:
    """A method and the segments of a path, some of which are `OPEN`."""

    method: str
    segments: tuple[str, ...]
    handler: Handler


ROUTES: list[Route] = []


def route(method: str, path: str, licence: Licence | None = None) -> Callable[[Handler], Handler]:
    """Enters the handler for `path`, such as `/api/v3/analyses/*`; keys without `licence` get a 403."""

    def enter(handler: Handler) -> Handler:
        def handle(state: State, call: Call) -> Response:
            call.require(licence)
            return handler(state, call)

        ROUTES.append(Route(method, tuple(path.strip("/").split("/")), handle if licence else handler))
        return handler

    return enter


def route_of_kinds(
    method: str, path: str, kinds: tuple[Kind, ...] = _EVERY_KIND
) -> Callable[[HandlerOfKind], HandlerOfKind]:
    """Enters a handler for each kind; `path` begins in the kind's collection: `*/comments` for `files/*/comments`."""

    def enter(handler_of: HandlerOfKind) -> HandlerOfKind:
        for kind in kinds:
            route(method, f"/api/v3/{kind.collection}/{path}")(handler_of(kind))
        return handler_of

    return enter
