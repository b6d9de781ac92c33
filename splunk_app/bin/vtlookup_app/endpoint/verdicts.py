"""Writes verdicts on an alert's indicators to an index that the admin has allowed, with splunkd's own rights.

The alert sends the indicators and where they were found. The verdicts come only from this app's cache, so an alert
cannot write other verdicts. No request is sent to VirusTotal.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vt_connectors.clock import Clock, iso
from vt_connectors.contract.documents import Options
from vt_connectors.core import Core
from vt_connectors.errors import ConfigError, ConnectorError
from vt_connectors.indicators import parse_as, recognise
from vt_connectors.misconfigured import Misconfigured
from vt_connectors.redaction import redacted

from .. import result_fields as columns
from ..limits import EVENTS_OF_A_USER, EVENTS_OF_A_USER_S, LONGEST_EVENT
from ..logs.json_line import one_line
from ..setting_names import VERDICT_INDEXES, in_splunk
from ..splunkd import Splunkd
from .base import Answer
from .rest_request import RestRequest
from .shared_core import SharedCore
from .verdict_request import LINKS, Met, VerdictRequest, read_verdict_request

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response

SOURCETYPE, SOURCE = "vtlookup:verdict", "vt_alert_lookup"
_PREFIX = "vt_"
# Answers that the alert has just looked up are accepted, even if the lifetime of cached answers is shorter.
_JUST_NOW_S = 3600.0
# Fields to leave out, one group after the other, if an event is too long even with short texts.
_LEFT_OUT = ((), tuple(_PREFIX + name for name in columns.LISTS), LINKS)
_NOT_CACHED = "not_cached: the cache has no answer"
# Splunk's rule for names of indexes, without those that begin with _ because they are internal.
_INDEX = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_MOST_USERS = 10_000


def indexes_of(text: str) -> list[str]:
    """The indexes in `verdict_indexes`; the first is the default. Raises `ConfigError`."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if not _INDEX.fullmatch(name) or "kvstore" in name:
            raise ConfigError(f"{name!r} is not a valid index: use a-z, 0-9, _ and -, and begin with a letter or digit")
    return names


def index_for(wanted: str, splunkd: Splunkd) -> str:
    """The requested index, or the first. Raises `ConfigError` if verdicts may not be written there."""
    allowed = indexes_of(splunkd.own_settings()[VERDICT_INDEXES])
    if not allowed:
        raise ConfigError("no index is allowed for verdicts: an admin can add one on the setup page")
    if not wanted:
        return allowed[0]
    if wanted not in allowed:
        raise ConfigError(f"verdicts may go to {', '.join(allowed)}, not to {wanted[:80]!r}: ask your admin")
    return wanted


class VerdictsEndpoint:
    """POST `{"indicators": [{"value": ..., "field": ..., ...}], "alert": {...}}`, and `index` unless it is the first
    allowed one: `verdict_request` has the form. At most `most` events per user and `seconds`.
    """

    def __init__(
        self, shared: SharedCore, clock: Clock, most: int = EVENTS_OF_A_USER, seconds: float = EVENTS_OF_A_USER_S
    ) -> None:
        self._shared = shared
        self._clock = clock
        self._allowance = Allowance(clock, most, seconds)
        self._allowed = f"no more than {most} verdicts of a user are written in {seconds:g} s"

    def answer(self, request: RestRequest) -> Answer:
        """Raises `ConnectorError`."""
        wanted = read_verdict_request(request.body)
        index = index_for(wanted.where, request.system)
        again_s = self._allowance.take(request.name, len(wanted.met))
        if again_s:
            return 429, {"error": f"{self._allowed}; try again in {again_s:.0f} s"}
        with self._shared.core(request.system) as core:
            if isinstance(core, Misconfigured):
                return 503, {"error": in_splunk(core.error.message)}
            verdicts = [_verdict(met, response) for met, response in zip(wanted.met, _responses(core, wanted.met))]
            _note_queued(core, wanted.met, verdicts)
        events = [self._event(request.name, met, verdict, wanted) for met, verdict in zip(wanted.met, verdicts)]
        missing = sum(verdict.get("error") == _NOT_CACHED for verdict in verdicts)
        return _write(events, index, missing, request.system)

    def _event(self, user: str, met: Met, verdict: columns.Columns, wanted: VerdictRequest) -> str:
        """An event: time and caller, then the alert's data, then the verdict under names that the alert cannot set."""
        told = {_PREFIX + name: value for name, value in verdict.items() if value and name != columns.RAW}
        # A value that contains the key was refused, but the alert's data repeats it.
        event = redacted({"time": iso(self._clock.now()), "user": user, **met.about, **wanted.alert, **told})
        line = b""
        for left_out in _LEFT_OUT:
            event = {name: value for name, value in event.items() if name not in left_out}
            line = one_line(event, LONGEST_EVENT)
            if len(line) <= LONGEST_EVENT:
                break
        return line.decode("ascii")


def _responses(core: Core, met: Sequence[Met]) -> list[Response]:
    """The core's response to each, only from the cache, with the thresholds of the settings."""
    options = Options("only", max(core.cache.ttl_s, _JUST_NOW_S), 0.0)
    found: dict[tuple[str, str | None], Response] = {}
    for kind in {each.kind for each in met}:
        values = {each.value for each in met if each.kind == kind}
        known = core.look_up_at_hand(kind, values, options)
        found.update({(value, kind): known.get(value) or core.look_up(kind, value, options) for value in values})
    return [found[each.value, each.kind] for each in met]


def _verdict(met: Met, response: Response) -> columns.Columns:
    if (response["data"] or {}).get("reason") == "not_cached":
        return {**columns.empty(), "status": "error", "type": response["data"]["type"], "error": _NOT_CACHED}
    return columns.of_response(response)


def _note_queued(core: Core, met: Sequence[Met], verdicts: Sequence[columns.Columns]) -> None:
    """Set the status of queued indicators without an answer to `pending`."""
    unknown = [(each, verdict) for each, verdict in zip(met, verdicts) if verdict.get("error") == _NOT_CACHED]
    if not unknown:
        return
    pending = core.pending
    queued = {entry.key for entry in pending.oldest(pending.stats()["most"])}
    for each, verdict in unknown:
        indicator = recognise(each.value) if each.kind is None else parse_as(each.kind, each.value)
        if indicator.key in queued:
            verdict.update(status="pending", queued="true")


def _write(events: Sequence[str], index: str, missing: int, system: Splunkd) -> Answer:
    for written, event in enumerate(events):
        try:
            system.index(event, index, SOURCETYPE, SOURCE)
        except ConnectorError as error:
            return 503, {"error": f"{written} of {len(events)} events were written: {error.message}"}
    return 200, {"written": len(events), "index": index, "not_cached": missing}


class Allowance:
    """`most` events in `seconds` for each user, so that no user can fill an index. Each process counts for itself."""

    def __init__(self, clock: Clock, most: int, seconds: float) -> None:
        self._clock = clock
        self._most = most
        self._seconds = seconds
        self._began = clock.monotonic()
        self._used: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, user: str, count: int) -> float:
        """Returns 0 and counts them if `count` more are allowed; else the seconds until a retry."""
        with self._lock:
            now = self._clock.monotonic()
            if now - self._began >= self._seconds or len(self._used) >= _MOST_USERS:
                self._began, self._used = now, {}
            used = self._used.get(user, 0)
            if used + count > self._most:
                return max(1.0, self._began + self._seconds - now)
            self._used[user] = used + count
            return 0.0
