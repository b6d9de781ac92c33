"""A call for a handler of API v3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ..http.messages import Request, Response
from ..state import State


@dataclass(frozen=True)
class Call:
    """A request with an accepted key; `ids` are the path segments that its route leaves open."""

    request: Request
    key: str
    ids: tuple[str, ...]


Handler = Callable[[State, Call], Response]
