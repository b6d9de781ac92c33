"""API v3: the handlers of calls."""

from __future__ import annotations

from ..errors import not_found
from ..http.messages import Request, Response
from ..state import State

# Their handlers enter themselves in ROUTES when they are imported.
from . import account_handlers as _account_handlers  # noqa: F401
from . import behaviour_handlers as _behaviour_handlers  # noqa: F401
from . import collection_handlers as _collection_handlers  # noqa: F401
from . import community_handlers as _community_handlers  # noqa: F401
from . import download_handlers as _download_handlers  # noqa: F401
from . import private_handlers as _private_handlers  # noqa: F401
from . import private_objects as _private_objects  # noqa: F401
from . import read_handlers as _read_handlers  # noqa: F401
from . import relationship_handlers as _relationship_handlers  # noqa: F401
from . import search_handlers as _search_handlers  # noqa: F401
from . import stream_handlers as _stream_handlers  # noqa: F401
from . import write_handlers as _write_handlers  # noqa: F401
from .calls import OPEN, ROUTES, Call, Route


class V3Routes:
    """Routes the calls of API v3 to handlers with `state`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def answer(self, request: Request, key: str) -> Response:
        """The response to a request with an accepted key and quota. Raises ApiError."""
        for route in _IN_ORDER:
            ids = _match(route.segments, request.segments) if route.method == request.method else None
            if ids is not None:
                return route.handler(self._state, Call(request, key, ids, self._state.licences(key)))
        raise not_found("Resource not found.")


def served_calls() -> list[tuple[str, str]]:
    """The methods and paths of all routes, with `*` for what they leave open."""
    return [(route.method, "/".join(route.segments)) for route in ROUTES]


def _openness(route: Route) -> tuple[bool, ...]:
    return tuple(segment == OPEN for segment in route.segments)


# The first that fits is taken: fixed segments go before open ones.
_IN_ORDER = tuple(sorted(ROUTES, key=_openness))


def _match(pattern: tuple[str, ...], segments: tuple[str, ...]) -> tuple[str, ...] | None:
    """The segments at the pattern's open positions, or None if the path does not match."""
    if len(pattern) != len(segments):
        return None
    pairs = list(zip(pattern, segments))
    if any(fixed not in (OPEN, segment) for fixed, segment in pairs):
        return None
    ids = tuple(segment for fixed, segment in pairs if fixed == OPEN)
    return ids if all(ids) else None
