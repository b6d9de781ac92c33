"""The objects that an action works with."""

from __future__ import annotations

from ..light_typing import TYPE_CHECKING, Callable, NamedTuple

if TYPE_CHECKING:
    from ..api_key import ApiKey
    from ..cache import AnswerCache, Freshness
    from ..clock import Clock
    from ..coalescing import TwoLevels
    from ..indicators import NeverQuery
    from ..pending import Pending
    from ..quota.refused import Refusal
    from ..quota.waiters import Claim
    from ..redaction import KeyGuard
    from ..verdict.rule import Rules
    from ..virustotal.account import Account
    from .deliveries import Deliveries
    from .file_access import FileAccess
    from .licensed_keys import LicensedKeys
    from .request_batch import BatchAnswers


class Context(NamedTuple):
    """`space`: the part of the shared state for this server and API version (`Settings.space`).

    `account(key)` is the key's account; None means the configured key. It may raise `ConfigError`.

    `owner(key)` is a hash of the key; None means the configured key. The result is None if there is no key.

    `refusal(key, deadline, claim)`: the refusal of a request that may wait for quota until `deadline` (monotonic
    seconds), if the account was refused a moment ago; else None. `claim`: how the request queues for quota.

    `deliveries`: what is recorded when an answer has reached its caller.

    `licensed_keys`: which keys are known to be licensed.

    `batch`: the answers of the batch that the request belongs to, if any.
    """

    clock: Clock
    cache: AnswerCache
    freshness: Freshness
    single_flight: TwoLevels
    never_query: NeverQuery
    rules: Rules
    space: str
    account: Callable[[ApiKey | None], Account]
    owner: Callable[[ApiKey | None], str | None]
    pending: Pending
    refusal: Callable[[ApiKey | None, float, Claim | None], Refusal | None]
    guard: KeyGuard
    file_access: FileAccess
    deliveries: Deliveries
    licensed_keys: LicensedKeys
    batch: BatchAnswers | None = None


def new_batch() -> BatchAnswers:
    """The answers of a batch that begins."""
    from .request_batch import BatchAnswers

    return BatchAnswers()
