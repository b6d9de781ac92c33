"""The objects that an action works with, and what it asks for, apart from how that is answered."""

from __future__ import annotations

from collections.abc import Mapping

from ..light_typing import TYPE_CHECKING, Callable, NamedTuple

if TYPE_CHECKING:
    from ..api_key import ApiKey
    from ..cache import AnswerCache, Entry, Freshness
    from ..clock import Clock
    from ..coalescing import TwoLevels
    from ..indicators import NeverQuery
    from ..pending import Pending
    from ..quota.refused import Refusal
    from ..quota.waiters import Claim
    from ..redaction import KeyGuard
    from ..verdict.rule import Rules
    from ..virustotal.account import Account
    from ..virustotal.licences import Licence
    from ..virustotal.port import Api
    from .deliveries import Deliveries
    from .file_access import FileAccess
    from .file_sample import ReceivedFile
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

    `keeps_raw`: lookups cache VirusTotal's own object too, if it was not requested.

    `batch`: the answers of the batch that the request belongs to, if any.

    `received`: the file that came with the request, in place of a path or content in its parameters.
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
    received: ReceivedFile | None = None
    keeps_raw: bool = False


def new_batch() -> BatchAnswers:
    """The answers of a batch that begins."""
    from .request_batch import BatchAnswers

    return BatchAnswers()


def _always(entry: Entry) -> bool:
    return True


def _nowhere(entry: Entry) -> Mapping[str, Entry]:
    return {}


class Query(NamedTuple):
    """`key`: the name in cache and leases, within one version of the API.

    `parts`: the parts that the answer must have. `lives_s`: the maximum age of an answer, if it is less than for other
    answers. `covers`: whether a cached answer answers this query. `is_write`: the request
    changes something at VirusTotal. `not_before`: answers fetched earlier (epoch seconds) are not accepted.
    `also`: the cache entries of other queries, by their keys, that the answer answers too.

    `purpose`: the kind of call, for which a missing licence is remembered; None: the request's action. `licence`: what
    the call needs. `is_per_key`: the answer is licensed to the API key, so no other key may receive it.
    `is_counted`: the request needs quota.
    """

    key: str
    ask: Callable[[Api], Entry]
    parts: frozenset[str] = frozenset()
    lives_s: float | None = None
    covers: Callable[[Entry], bool] = _always
    is_write: bool = False
    not_before: float = 0.0
    also: Callable[[Entry], Mapping[str, Entry]] = _nowhere
    purpose: str | None = None
    licence: Licence = "free"
    is_per_key: bool = False
    is_counted: bool = True
