"""What an alert found, written to an index that the admin has named, with splunkd's own right to do so."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from connectors.clock import Clock, iso
from connectors.errors import ConfigError, ConnectorError

from ..splunkd import VERDICT_INDEXES, Splunkd
from .endpoint import Answer, document_of
from .limits import LONGEST_EVENT, MOST_EVENTS
from .rest_request import RestRequest

SOURCETYPE = "vtlookup:verdict"
_LONGEST_SOURCE = 300
# Splunk's rule for names of indexes, less those that begin with _ and are its own.
_INDEX = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")


def indexes_of(text: str) -> list[str]:
    """The indexes that `verdict_indexes` names, the one for alerts that name none first. Raises `ConfigError`."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if not _INDEX.fullmatch(name) or "kvstore" in name:
            raise ConfigError(
                f"{name!r} is no index for events: lower case letters, digits, _ and -, and none of them _ first"
            )
    return names


class VerdictsEndpoint:
    """POST `{"source": ..., "events": [{...}, ...]}`, with `index` where it is not to be the first that is allowed.

    Each event is written with its time and the caller's name before whatever it says of these.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def answer(self, request: RestRequest) -> Answer:
        if request.method != "POST":
            return 405, {"error": "POST the verdicts of an alert"}
        document = document_of(request.body)
        events, source = document.get("events"), document.get("source")
        if not isinstance(events, list) or not 0 < len(events) <= MOST_EVENTS or not isinstance(source, str):
            return 400, {"error": f"send source, and 1 to {MOST_EVENTS} events"}
        index = index_for(document.get("index"), request.system)
        stamped = [self._stamped(event, request.name) for event in events if isinstance(event, dict)]
        if len(stamped) < len(events) or any(len(event) > LONGEST_EVENT for event in stamped):
            return 400, {"error": f"an event is an object of at most {LONGEST_EVENT} bytes as JSON"}
        return _write(stamped, index, source[:_LONGEST_SOURCE], request.system)

    def _stamped(self, event: Mapping[str, Any], user: str) -> str:
        first = {"time": iso(self._clock.now()), "user": user}
        rest = {name: value for name, value in event.items() if name not in first}
        return json.dumps({**first, **rest}, separators=(",", ":"))


def index_for(wanted: object, splunkd: Splunkd) -> str:
    """The index that is wanted, or the first. Raises `ConfigError` where verdicts may not be written there."""
    allowed = indexes_of(splunkd.own_settings()[VERDICT_INDEXES])
    if not allowed:
        raise ConfigError("verdicts are written to no index: an admin names some on the setup page")
    if not wanted:
        return allowed[0]
    if wanted not in allowed:
        raise ConfigError(f"verdicts may go to {', '.join(allowed)}, not to {str(wanted)[:80]!r}: ask your admin")
    return str(wanted)


def _write(events: list[str], index: str, source: str, system: Splunkd) -> Answer:
    for written, event in enumerate(events):
        try:
            system.index(event, index, SOURCETYPE, source)
        except ConnectorError as error:
            return 503, {"error": f"{written} of {len(events)} events were written: {error.message}"}
    return 200, {"written": len(events), "index": index}
