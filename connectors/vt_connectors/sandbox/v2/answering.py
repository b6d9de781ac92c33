"""Shared by all handlers of API v2: require arguments, and answer batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, Union

from ..errors import bad_request
from ..http.messages import JsonObject
from ..state import State
from .call import V2Call

Answer = Union[JsonObject, list[JsonObject]]
Handler = Callable[[State, V2Call], Answer]


def require(call: V2Call, *params: str) -> None:
    """ApiError 400 unless the call has all of `params`."""
    for param in params:
        if not call.params.get(param, "").strip():
            raise bad_request(f"the parameter {param} is missing")


def each(resources: Sequence[str], answer: Callable[[str], JsonObject]) -> Answer:
    """One document for one resource, an array for several, in their order."""
    found = [answer(resource) for resource in resources]
    return found[0] if len(found) == 1 else found
