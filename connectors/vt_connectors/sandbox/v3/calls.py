"""One API call on its way to its handler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ..http.messages import Request, Response
from ..state import State


@dataclass(frozen=True)
class Call:
    """A request whose key is accepted; `ids` are the path segments its route leaves open."""

    request: Request
    key: str
    ids: tuple[str, ...]


Handler = Callable[[State, Call], Response]
