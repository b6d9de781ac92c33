"""The core's port for code that looks up values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..contract.documents import Options
    from ..contract.response import Response
    from ..indicators import Kind
    from ..quota.waiters import Claim


class LookingUp(Protocol):
    """The part of the core that lookups need; `core.Core` documents the methods."""

    def look_up(self, kind: Kind | None, value: str, options: Options, claim: Claim | None = None) -> Response: ...

    def look_up_at_hand(
        self,
        kind: Kind | None,
        values: Iterable[str],
        options: Options,
        claim: Claim | None = None,
        *,
        after_refusal: bool = False,
    ) -> Mapping[str, Response]: ...

    def end_batch(self) -> None: ...
