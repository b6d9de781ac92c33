"""The types of a response document (`schemas/response.json`).

They are for the type checker only: import them under `TYPE_CHECKING`. Creating them at run time would cost a cached
lookup as much time as several modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from ..errors import ErrorDocument
    from .documents import Id, Source, Status


class _Spent(TypedDict):
    source: Source | None
    fetched_at: str | None
    age_s: int | None
    requests: int
    waited_s: float
    quota: dict[str, Any]
    duration_ms: int
    version: str


class Meta(_Spent, total=False):
    """The source and the cost of the answer. `poll_after_s` is present if the status is `pending`."""

    poll_after_s: float


class Response(TypedDict):
    """`data` is the action's own object or None; `error` is None unless the status is `error`."""

    v: int
    id: Id
    action: str | None
    status: Status
    summary: str
    data: Any
    error: ErrorDocument | None
    meta: Meta
