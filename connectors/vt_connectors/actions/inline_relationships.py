"""Related objects in a lookup's own answer: `?relationships=a,b` gives up to 20 of each, in the same request.

Such an answer is cached for itself and for its key, because some relationships need a licence. It is valid as long as
the report without them is cached and not newer, so whatever outdates a report outdates it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..cache import Entry, any_entry
from ..contract.documents import Options
from ..errors import InvalidIndicator
from ..indicators import Indicator
from ..virustotal.coerce import mapping, number, text
from ..virustotal.relationship_names import NAMES
from .context import Context
from .read_through import Query, report_key
from .related_objects import row_of, unknown_name

_MOST = 20
_ROWS, _MORE = "relationships", "relationships_more"
# Descriptors have no attributes. If VirusTotal sends whole objects, they are cut to these.
_OF_ROW = ("type", "id", "indicator", "host", "ip", "date", "status")


def rows_in(vt_object: Mapping[str, Any], names: Sequence[str], indicator: Indicator) -> dict[str, Any]:
    """The parts of the report on `indicator`: rows by name, and the names of those with further rows.

    A name that VirusTotal left out, because of the key's licence for instance, is left out here too.
    """
    inline = mapping(vt_object.get("relationships"))
    told = {name: inline[name] for name in names if isinstance(inline.get(name), Mapping)}
    rows = {name: [_row(item, indicator) for item in _items(found)] for name, found in told.items()}
    return {
        _ROWS: {name: found[:_MOST] for name, found in rows.items()},
        _MORE: [name for name, found in told.items() if _has_more(found, len(rows[name]))],
    }


def _items(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """`data` is a list; of a one-to-one relationship it is an object, or null."""
    data = found.get("data")
    yield from (item for item in (data if isinstance(data, list) else [data]) if isinstance(item, Mapping))


def _row(item: Mapping[str, Any], indicator: Indicator) -> dict[str, Any]:
    row = row_of(item, indicator)
    return {name: row[name] for name in _OF_ROW if name in row}


def _has_more(found: Mapping[str, Any], count: int) -> bool:
    """VirusTotal adds `meta` with a cursor only if there are further rows."""
    meta = mapping(found.get("meta"))
    return bool(text(meta.get("cursor"))) or count > _MOST or (number(meta.get("count")) or 0) > count


def asked_with(query: Query, names: Sequence[str], indicator: Indicator, context: Context, options: Options) -> Query:
    """`query` for the report on `indicator`, with the relationships."""

    def covers(entry: Entry) -> bool:
        if not query.covers(entry) or options.cache in ("off", "refresh"):
            return query.covers(entry)
        plain = context.cache.peek_shared(report_key(context, indicator), any_entry)
        return plain is not None and plain.fetched_at <= entry.fetched_at

    def also(entry: Entry) -> Mapping[str, Entry]:
        plain = entry.without((_ROWS, _MORE))
        return {indicator.key: plain, **query.also(plain)}

    key = f"{indicator.key}?relationships={','.join(names)}"
    return query._replace(key=key, covers=covers, also=also, is_per_key=True)


def refused_name(error: InvalidIndicator, names: Sequence[str], indicator: Indicator) -> InvalidIndicator:
    """`error`, or one that names the first relationship that is not known, if VirusTotal refused the request."""
    unknown = [name for name in names if name not in NAMES[indicator.kind]]
    return unknown_name(unknown[0], indicator.kind, error) if unknown and error.http_status is not None else error
