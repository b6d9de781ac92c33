"""What is asked for, apart from how it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..cache import Entry

if TYPE_CHECKING:
    from ..virustotal.licences import Licence
    from ..virustotal.port import Api


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
