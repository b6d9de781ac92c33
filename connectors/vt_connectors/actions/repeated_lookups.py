"""Lookups that are repeated while the memory of this process has the same answer: read, checked and judged once."""

from __future__ import annotations

from ..cache import Entry
from ..contract.documents import Cost, age_s, request_id, response
from ..errors import ConnectorError, internal_error
from ..indicators import parse_as, recognise
from ..light_typing import TYPE_CHECKING, Any, NamedTuple
from .answer_parts import PARTS, has_detections, needed_parts
from .context import Context
from .local_answers import read_lookup
from .lookup import outcome
from .read_through import report_key

if TYPE_CHECKING:
    from ..contract.response import Response


class RepeatableLookup(NamedTuple):
    """What a lookup was answered with. `begins` and `ends`: when the answer is fresh enough, in epoch seconds.

    `response`: as it was then, and not to be changed.
    """

    key: str
    entry: Entry
    begins: float
    ends: float
    response: Response

    def age_s(self, context: Context) -> int | None:
        """`meta.age_s` of the response now: nothing else changes. None if the lookup has to be answered as a new one.

        That is if this process has another answer in memory, or none, or might find another one elsewhere. Reads only
        memory, and does not wait.
        """
        now, keys = context.clock.now(), context.licensed_keys
        if not self.begins <= now <= self.ends or context.cache.in_memory(self.key) is not self.entry:
            return None
        return None if keys.unread or keys.has(None) else age_s(self.entry.fetched_at, now)


def repeatable(context: Context, document: Any) -> RepeatableLookup | None:
    """The lookup of a request document that the memory of this process answers; None for any other request. Never
    raises.

    The document was answered before with the same `context`, so it is valid, and contains no key. Answers that depend
    on the API key, and those that VirusTotal deletes at a certain time, are not repeatable.
    """
    try:
        return _repeatable(context, document)
    except ConnectorError:
        return None
    except Exception:
        internal_error()
        return None


def _repeatable(context: Context, document: Any) -> RepeatableLookup | None:
    found = read_lookup(document)
    if found is None or found[1].cache not in ("default", "only"):
        return None
    kind, options, value = found
    indicator = recognise(value, context.never_query) if kind is None else parse_as(kind, value)
    key, parts = report_key(context, indicator), needed_parts(context, options)
    entry = context.cache.in_memory(key)
    if entry is None or entry.expires is not None or not PARTS.isdisjoint(parts) or not entry.has(parts):
        return None
    if context.never_query.reason(indicator) is not None or not has_detections(entry, options):
        return None
    begins, ends = context.freshness.window(entry, options.max_age_s)
    answer, now = outcome(indicator, entry, "cache", context, options), context.clock.now()
    told = response(document["action"], request_id(document), answer, Cost(), now)
    return RepeatableLookup(key, entry, begins, ends, told)
