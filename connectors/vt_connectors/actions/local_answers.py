"""Many lookups at once that need no request: answered from the cache, refused, or invalid."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from types import MappingProxyType

from ..cache import Entry, any_entry
from ..contract.documents import Options, Outcome, Request, read_request, request_id
from ..errors import ConnectorError, InvalidIndicator, internal_error
from ..indicators import Indicator, Kind, parse_as, recognise
from ..light_typing import TYPE_CHECKING, Any, NamedTuple
from ..quick_imports import suppress
from ..quota.waiters import Claim
from ..redaction import redacted
from .answer_parts import PARTS, find_many, has_detections, is_without_key, needed_parts
from .context import Context
from .lookup import may_be_queued, outcome, refused, skipped
from .read_through import report_key

if TYPE_CHECKING:
    from ..contract.response import Response
    from ..quota.refused import Refusal

# How many lookups are queued in one write, and how many one refusal is applied to.
_AT_ONCE = 1000
_LOOKUPS: Mapping[str, tuple[str, Kind | None]] = {
    "lookup": ("value", None),
    "lookup_hash": ("hash", "hash"),
    "lookup_url": ("url", "url"),
    "lookup_domain": ("domain", "domain"),
    "lookup_ip": ("ip", "ip"),
}
_ENVELOPE = {"v", "id", "action", "params", "options"}


class AtHand(NamedTuple):
    """The local answer for `value`: an outcome or an error. `quota`: its state, if the quota is the reason."""

    value: str
    kind: Kind | None
    outcome: Outcome | None = None
    error: ConnectorError | None = None
    quota: Mapping[str, Any] = MappingProxyType({})


def answers_at_hand(
    kind: Kind | None, values: Iterable[str], context: Context, options: Options, claim: Claim | None
) -> Iterator[AtHand]:
    """The answers for those of `values` that need no request. Refusals with equal errors share one error object.

    A value is refused, and queued for a drain, if the account was refused a moment ago. `claim`: how the requests queue
    for quota.
    """
    source = iter(values)
    while some := list(islice(source, _AT_ONCE)):
        left: dict[str, Indicator] = {}
        yield from _known(kind, some, context, options, left)
        yield from _refused(left, context, options, claim)


def refusal_of(context: Context, options: Options, claim: Claim | None) -> Refusal | None:
    """The refusal that lookups with these options would get now, or None if that is not known."""
    # These requests do not return at the time that the refusal gives.
    claim = (claim or Claim())._replace(returns=False)
    return context.refusal(None, context.clock.monotonic() + options.max_wait_s, claim)


def plain_lookup(request: Request) -> tuple[Kind | None, str] | None:
    """The kind (None for `lookup`) and the value of a lookup without further parameters; None for other requests."""
    param, kind = _LOOKUPS.get(request.action, ("", None))
    if request.params.keys() != {param} or not isinstance(request.params[param], str):
        return None
    return kind, request.params[param]


def alike(documents: Sequence[object]) -> Iterator[tuple[Kind | None, Options, dict[int, str]]]:
    """Groups of adjacent plain lookups among the request documents that differ only in their values. Each group has the
    kind, the options, and the values by position in `documents`.
    """
    lookups = [
        (place, *found) for place, document in enumerate(documents) if (found := read_lookup(document)) is not None
    ]
    for (kind, options), same in groupby(lookups, lambda lookup: lookup[1:3]):
        yield kind, options, {place: value for place, _, _, value in same}


def read_lookup(document: object) -> tuple[Kind | None, Options, str] | None:
    """The kind (None for `lookup`), options and value of a plain lookup; None for any other document."""
    if not isinstance(document, dict) or not document.keys() <= _ENVELOPE:
        return None
    if not isinstance(document.get("action"), str) or document["action"] not in _LOOKUPS:
        return None
    try:
        request = read_request(document)
    except ConnectorError:
        return None
    found = plain_lookup(request)
    return None if found is None else (found[0], request.options, found[1])


def _known(
    kind: Kind | None, values: list[str], context: Context, options: Options, left: dict[str, Indicator]
) -> Iterator[AtHand]:
    """The answers that need no quota. The other values are put into `left`, except those that are in flight now."""
    keys: dict[str, tuple[Indicator, str]] = {}
    for value in values:
        try:
            indicator = recognise(value, context.never_query) if kind is None else parse_as(kind, value)
        except InvalidIndicator as error:
            yield AtHand(value, kind, error=error.with_traceback(None))
            continue
        reason = context.never_query.reason(indicator)
        if reason is None:
            keys[value] = indicator, report_key(context, indicator)
        else:
            yield AtHand(value, indicator.kind, skipped(indicator, reason))
    cached = _find_kept({key for _, key in keys.values()}, context, options)
    # If this process cannot read the API key, another process may still find the answer.
    may_skip = options.cache == "only" and not is_without_key(context, needed_parts(context, options))
    for value, (indicator, key) in keys.items():
        if key in cached:
            yield AtHand(value, indicator.kind, outcome(indicator, cached[key], "cache", context, options))
        elif may_skip:
            yield AtHand(value, indicator.kind, skipped(indicator, "not_cached"))
        elif options.cache != "only" and not context.single_flight.is_led_here(key):
            left[value] = indicator


def _refused(
    left: Mapping[str, Indicator], context: Context, options: Options, claim: Claim | None
) -> Iterator[AtHand]:
    refusal = refusal_of(context, options, claim) if left else None
    if refusal is None:
        return
    keys = [indicator.key for indicator in left.values()]
    queued = context.pending.put_many(keys, options.include) if may_be_queued(None, options) else ()
    errors = {flag: refused(refusal.error, flag) for flag in (True, False)}
    for value, indicator in left.items():
        yield AtHand(value, indicator.kind, None, errors[indicator.key in queued], refusal.usage)


def queued(kind: Kind | None, values: Iterable[str], context: Context, options: Options) -> set[str]:
    """Queue lookups for a drain without trying them; returns the values that are queued now. Never raises.

    The others are no indicators, or may not be sent, or the queue is full. `Core.end_batch` writes the queue.
    """
    keys: dict[str, str] = {}
    try:
        for value in context.guard.without(values) if may_be_queued(None, options) else ():
            with suppress(InvalidIndicator):
                indicator = recognise(value, context.never_query) if kind is None else parse_as(kind, value)
                if context.never_query.reason(indicator) is None:
                    keys[value] = indicator.key
        found = context.pending.put_many(list(dict.fromkeys(keys.values())), options.include) if keys else ()
    except Exception:
        internal_error()
        return set()
    return {value for value, key in keys.items() if key in found}


def named_as(document: Any, response: Response) -> Response:
    """`response` with the id and the action of a request document."""
    return {**response, "id": redacted(request_id(document)), "action": document["action"]}


def _find_kept(keys: Collection[str], context: Context, options: Options) -> dict[str, Entry]:
    """The cached reports with these keys that `options` accept; empty if they forbid the cache."""
    if options.cache not in ("default", "only"):
        return {}
    found: dict[str, Entry] | None = None
    if unread := context.licensed_keys.unread:
        found = context.cache.find_many({*keys, *unread}, any_entry)
        context.licensed_keys.learn(found)
    now, parts = context.clock.now(), needed_parts(context, options)

    def will_do(entry: Entry) -> bool:
        is_whole = entry.has(parts) and has_detections(entry, options)
        return is_whole and context.freshness.will_do(entry, now, options.max_age_s)

    if found is None or not PARTS.isdisjoint(parts):
        return find_many(keys, context, parts, will_do)
    return {key: entry for key, entry in found.items() if key not in unread and will_do(entry)}
