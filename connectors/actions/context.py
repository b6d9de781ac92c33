"""What an action works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, NamedTuple

if TYPE_CHECKING:
    from ..account import Account
    from ..api_key import ApiKey
    from ..cache import AnswerCache, Freshness
    from ..clock import Clock
    from ..coalescing import SingleFlight
    from ..indicators import NeverQuery
    from ..pending import Pending
    from ..verdict.rule import Thresholds


class Context(NamedTuple):
    """`account(key)` is the key's account; None means the configured key. It may raise `ConfigError`."""

    clock: Clock
    cache: AnswerCache
    freshness: Freshness
    single_flight: SingleFlight
    never_query: NeverQuery
    thresholds: Thresholds
    api_version: str
    account: Callable[[ApiKey | None], Account]
    pending: Pending
