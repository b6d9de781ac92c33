"""The alert action `vt_alert_lookup`: looks up indicators in the results, and writes verdicts as events to an index."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from vt_connectors.config.values import seconds_of
from vt_connectors.contract import OK, RETRY_LATER, status_of
from vt_connectors.errors import ConnectorError

from ..app_settings import APP, most_time, splunk_home
from ..cancellation import Cancellation
from ..composition import splunkd_of, start
from ..endpoint.verdicts import index_for
from ..logs.search_log import SearchLog
from ..options import KINDS, SearchOptions, UsageError, read_options
from ..search.enrichment import Enrichment
from ..search.field_names import hint, shown
from ..setting_names import in_splunk
from .index_writer import Writing
from .payload import AlertOutcome, InvalidPayload, Payload
from .results import Found, Indicators, indicators_in, results_of_job

NAME = "vt_alert_lookup"
PARAMS = ("fields", "type", "index", "wait", "limit")
_DEFAULT_VALUES, _MOST_VALUES = 100, 1000
# alert_actions.conf ends the action later than this.
_LONGEST_WAIT_S = 600.0
# The action stops this long before its time limit, but after at least half of it.
_IN_TIME_S = 10.0
# Each batch is written before the next is looked up: if the action is killed, at most this many are lost.
_AT_ONCE = 25
_FIELD = re.compile(r'\s*(?:"((?:[^"]|"")*)"\s*(?=,|\Z)|([^,]+))')
_MOST_HINTS = 3
_ANSWERED = ("ok", "not_found", "skipped")


class LookupSettings(NamedTuple):
    """`where` is an index, or empty for the first that the admin allows."""

    fields: Sequence[str]
    options: SearchOptions
    most: int
    where: str


def look_up(payload: Payload, log: SearchLog) -> AlertOutcome:
    """Raises `InvalidPayload` and `ConnectorError`."""
    wanted = _wanted(payload)
    kind: Any = wanted.options.kind
    results = results_of_job(payload.results, payload.sid, splunk_home(APP, os.environ))
    indicators = indicators_in(results, wanted.fields, kind, wanted.most)
    if indicators.rows and len(indicators.missing) == len(wanted.fields):
        raise InvalidPayload(f"{_missing(indicators)}: check its spelling in the alert")
    searchinfo = payload.searchinfo(NAME)
    splunkd = splunkd_of(searchinfo)
    assert splunkd is not None  # the payload has a session
    # The endpoint checks this again; checking it first saves quota if nothing could be written.
    index_for(wanted.where, splunkd)
    stopping = Cancellation()
    enrichment = start(APP, wanted.options, searchinfo, os.environ, stopping, log)
    writing = Writing(splunkd, payload, wanted.options.kind, wanted.where)
    work = _Work(indicators, enrichment, writing, stopping)
    _end_in_time(stopping, work, payload, log)
    try:
        work.run()
    except ConnectorError as error:
        log.write("error", "message", message=in_splunk(error.message), written=writing.written)
        raise
    return work.done()


class _Work:
    """Looks up and writes one batch after the other."""

    def __init__(
        self, indicators: Indicators, enrichment: Enrichment, writing: Writing, stopping: Cancellation
    ) -> None:
        self._indicators = indicators
        self._enrichment = enrichment
        self._writing = writing
        self._stopping = stopping
        self._statuses: list[str] = []

    def run(self) -> None:
        """Raises `ConnectorError` if a verdict cannot be written."""
        for some in _batches(self._indicators.found):
            found = self._enrichment.columns_for([each.value for each in some], preview=False)
            if self._stopping.stopped:
                some = [each for each in some if found[each.value]["status"] in _ANSWERED]
            self._statuses += [str(found[each.value]["status"]) for each in some]
            self._writing.write(some)
            if self._stopping.stopped:
                break
        self._enrichment.end()

    @property
    def figures(self) -> dict[str, Any]:
        return {"rows": self._indicators.rows, **self._enrichment.figures(), "written": self._writing.written}

    def done(self) -> AlertOutcome:
        figures, statuses = self.figures, self._statuses
        unanswered = sum(status in ("pending", "error") for status in statuses)
        told = [*_warnings(self._indicators), self._writing.warning(unanswered), self._enrichment.message()]
        left = len(self._indicators.found) - len(statuses)
        early = self._stopping.stopped and left > 0
        if early:
            total = len(self._indicators.found)
            told.append(
                f"ended early, at its time limit or because Splunk said so: {left} of {total} indicators were not "
                "looked up; lower limit= or wait=, or raise maxtime in alert_actions.conf"
            )
        failed = bool(statuses) and set(statuses) == {"error"}
        status = status_of(figures["errors"]) if failed else RETRY_LATER if early else OK
        return AlertOutcome(status, figures, tuple(text for text in told if text), early)


def _end_in_time(stopping: Cancellation, work: _Work, payload: Payload, log: SearchLog) -> None:
    """Stop before splunkd kills the process, so that the log always has a line about the action."""
    most_s = seconds_of(most_time(APP, NAME)) or 0.0
    if most_s <= 0:
        return
    began = time.monotonic()

    def last_words() -> None:
        figures = {"search_name": payload.search_name, **work.figures}
        log.ended(figures, time.monotonic() - began, early=True)

    stopping.watch_time(most_s - min(_IN_TIME_S, most_s / 2), RETRY_LATER, last_words)


def _wanted(payload: Payload) -> LookupSettings:
    """Raises `InvalidPayload`."""
    fields = _names(payload.param("fields"))
    if not fields:
        raise InvalidPayload("fields= is empty: name one or more fields of the results")
    kind = payload.param("type").lower() or "ioc"
    if kind not in KINDS:
        raise InvalidPayload(f"type={kind[:80]!r}: one of {', '.join(KINDS)}")
    most = payload.param("limit") or str(_DEFAULT_VALUES)
    if not (most.isascii() and most.isdecimal() and len(most) < 6 and 0 < int(most) <= _MOST_VALUES):
        raise InvalidPayload(f"limit={most[:80]!r}: a number from 1 to {_MOST_VALUES}")
    try:
        options = read_options({kind: "indicator", "wait": payload.param("wait") or None})
    except UsageError as error:
        raise InvalidPayload(str(error)) from None
    if options.wait_s > _LONGEST_WAIT_S:
        raise InvalidPayload(f"wait={options.wait_s:g}: {_LONGEST_WAIT_S:g} seconds at most")
    return LookupSettings(fields, options, int(most), payload.param("index"))


def _names(text: str) -> list[str]:
    """Names separated by commas; a name in double quotes may contain commas, and blanks at its ends."""
    names: dict[str, None] = {}
    for line in text.splitlines():
        for quoted, plain in _FIELD.findall(line):
            names[quoted.replace('""', '"') or plain.strip()] = None
    return [name for name in names if name.strip()]


def _missing(indicators: Indicators) -> str:
    hints = "".join(hint(name, indicators.names) for name in indicators.missing[:_MOST_HINTS])
    return f"no result has the field {' or '.join(map(shown, indicators.missing))}{hints}"


def _batches(found: Sequence[Found]) -> Iterator[Sequence[Found]]:
    for start_at in range(0, len(found), _AT_ONCE):
        yield found[start_at : start_at + _AT_ONCE]


def _warnings(indicators: Indicators) -> Iterator[str]:
    if indicators.missing and indicators.rows:
        yield _missing(indicators)
    if indicators.left_out:
        yield f"{indicators.left_out} more distinct values were left out; raise limit= to have them looked up"
    if indicators.cut:
        yield f"only the first {indicators.rows} results were read"
