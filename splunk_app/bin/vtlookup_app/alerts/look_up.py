"""The alert action `vt_lookup`: what VirusTotal says of the results' indicators, as events in an index."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from connectors.errors import ConnectorError

from .. import columns
from ..app_settings import APP
from ..broker.limits import LONGEST_EVENT
from ..broker.verdicts import index_for
from ..logs.search_log import SearchLog
from ..one_line import one_line
from ..search_options import KINDS, SearchOptions, UsageError, read_options
from ..start import splunkd_of, start
from ..stopping import Stopping
from .done import OK, Done, status_of
from .payload import Payload, Unusable
from .results import Found, Indicators, indicators_in
from .writing import write_verdicts

NAME = "vt_lookup"
_DEFAULT_VALUES, _MOST_VALUES = 100, 1000
# alert_actions.conf ends the action later than this.
_LONGEST_WAIT_S = 600.0
# What is known is written before more is asked: if the action is killed, no more than this is lost.
_AT_ONCE = 25
# Room for what the endpoint adds to an event.
_ROOM = 500


class Wanted(NamedTuple):
    """`where`, an index, is empty where the admin's first is meant."""

    fields: Sequence[str]
    options: SearchOptions
    most: int
    where: str


def look_up(payload: Payload, log: SearchLog) -> Done:
    """Raises `Unusable` and `ConnectorError`."""
    wanted = _wanted(payload)
    indicators = indicators_in(payload.results, wanted.fields, wanted.most)
    if indicators.rows and len(indicators.missing) == len(wanted.fields):
        raise Unusable(f"no result has the field {' or '.join(wanted.fields)}: look at its spelling in the alert")
    searchinfo = payload.searchinfo(NAME)
    splunkd = splunkd_of(searchinfo)
    assert splunkd is not None  # the payload has a session
    # The endpoint looks at it again; no quota is spent on what could not be written.
    index_for(wanted.where, splunkd)
    enrichment = start(APP, wanted.options, searchinfo, os.environ, Stopping(), log)
    statuses, written = [], 0
    for some in _batches(indicators.found):
        found = enrichment.columns_for([each.value for each in some], preview=False)
        statuses += [found[each.value]["status"] for each in some]
        events = [_event(each, found[each.value], wanted, payload) for each in some]
        try:
            write_verdicts(splunkd, events, wanted.where, payload.search_name)
        except ConnectorError as error:
            log.write("error", "message", message=error.message, written=written)
            raise
        written += len(events)
    figures = {"rows": indicators.rows, **enrichment.figures(), "written": written}
    failed = bool(statuses) and set(statuses) == {"error"}
    warnings = [*_warnings(indicators), *filter(None, [enrichment.message()])]
    return Done(status_of(figures["errors"]) if failed else OK, figures, tuple(warnings))


def _wanted(payload: Payload) -> Wanted:
    """Raises `Unusable`."""
    fields = list(dict.fromkeys(name for name in re.split(r"[,\n]\s*", payload.param("fields")) if name.strip()))
    if not fields:
        raise Unusable("fields= names no field of the results")
    kind = payload.param("type").lower() or "ioc"
    if kind not in KINDS:
        raise Unusable(f"type={kind[:80]!r}: one of {', '.join(KINDS)}")
    most = payload.param("limit") or str(_DEFAULT_VALUES)
    if not (most.isascii() and most.isdecimal() and len(most) < 6 and 0 < int(most) <= _MOST_VALUES):
        raise Unusable(f"limit={most[:80]!r}: a number from 1 to {_MOST_VALUES}")
    try:
        options = read_options({kind: "indicator", "wait": payload.param("wait") or None}, ())
    except UsageError as error:
        raise Unusable(str(error)) from None
    if options.wait_s > _LONGEST_WAIT_S:
        raise Unusable(f"wait={options.wait_s:g}: {_LONGEST_WAIT_S:g} seconds at most")
    return Wanted([name.strip() for name in fields], options, int(most), payload.param("index"))


def _batches(found: Sequence[Found]) -> Iterator[Sequence[Found]]:
    for start_at in range(0, len(found), _AT_ONCE):
        yield found[start_at : start_at + _AT_ONCE]


def _event(found: Found, answer: columns.Columns, wanted: Wanted, payload: Payload) -> dict[str, Any]:
    """With the same names that events get from `vtlookup`, and without what is empty."""
    links = {name: values[0] if len(values) == 1 else values for name, values in found.links.items() if values}
    about = {
        "indicator": found.value,
        "field": found.field,
        "results": found.results,
        "search_name": payload.search_name,
        "sid": payload.sid,
        "search_app": payload.app,
        **links,
    }
    told = {wanted.options.prefix + name: value for name, value in answer.items() if value and name != columns.RAW}
    event: dict[str, Any] = json.loads(one_line({**about, **told}, LONGEST_EVENT - _ROOM))
    return event


def _warnings(indicators: Indicators) -> Iterator[str]:
    if indicators.missing and indicators.rows:
        yield f"no result has the field {' or '.join(indicators.missing)}"
    if indicators.left_out:
        yield f"{indicators.left_out} more distinct values were left out; raise limit= to have them looked up"
    if indicators.cut:
        yield f"only the first {indicators.rows} results were read"
