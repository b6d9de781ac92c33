"""Has the app's endpoint write verdicts to the index, because an alert's owner need not have the right to write.

It sends the indicators and where they were found. The endpoint takes the verdicts from the cache.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vt_connectors.errors import ConfigError, ConnectorError, Unavailable

from ..endpoint.verdict_request import LONGEST_VALUE
from ..limits import LONGEST_TEXT, MAY_LOOK_UP, VERDICTS
from ..splunkd import Splunkd
from .payload import Payload
from .results import Found

# Characters per call, far below the endpoint's limit.
_MOST_CHARACTERS = 200_000


class Writing:
    """`kind` is the type of the values, None to recognise each. `where`, an index, may be empty.

    `written` counts the events so far.
    """

    def __init__(self, splunkd: Splunkd, payload: Payload, kind: str | None, where: str) -> None:
        self._splunkd = splunkd
        self._kind = kind
        alert = {"search_name": payload.search_name, "sid": payload.sid, "search_app": payload.app}
        self._about = {"alert": {name: text[:LONGEST_TEXT] for name, text in alert.items()}, "index": where}
        self._not_cached = 0
        self.written = 0

    def write(self, met: Sequence[Found]) -> None:
        """Write an event for each. Raises `ConnectorError`; if some were written, its message has the number."""
        for indicators in _calls([self._indicator(each) for each in met]):
            reply = _post(self._splunkd, {**self._about, "indicators": indicators})
            self.written += reply["written"]
            self._not_cached += reply["not_cached"]

    def warning(self, unanswered: int) -> str | None:
        """A warning if events have no verdict although all but `unanswered` values have answers."""
        lost = self._not_cached - unanswered
        if lost <= 0:
            return None
        return f"{lost} answers are missing in the events: the app's endpoint does not use the same cache as this alert"

    def _indicator(self, found: Found) -> dict[str, Any]:
        told = {"value": found.value[:LONGEST_VALUE], "field": found.field[:LONGEST_TEXT], "results": found.results}
        links = {name: [text[:LONGEST_TEXT] for text in texts] for name, texts in found.links.items() if texts}
        return {**told, **links, **({"type": self._kind} if self._kind is not None else {})}


def _calls(indicators: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    call: list[Mapping[str, Any]] = []
    size = 0
    for each in indicators:
        length = len(json.dumps(each))
        if call and size + length > _MOST_CHARACTERS:
            yield call
            call, size = [], 0
        call.append(each)
        size += length
    if call:
        yield call


def _post(splunkd: Splunkd, document: Mapping[str, Any]) -> Mapping[str, int]:
    """The endpoint's figures about the events. Raises `ConnectorError`."""
    from splunklib.binding import AuthenticationError, HTTPError

    try:
        reply = splunkd.post(VERDICTS, document)
        return {name: int(reply[name]) for name in ("written", "not_cached")}
    except AuthenticationError:
        raise ConfigError("splunkd does not accept this alert's session, so its verdicts cannot be written") from None
    except HTTPError as error:
        raise _refused(error.status, error.body) from None
    except OSError as error:
        raise Unavailable(f"splunkd could not be reached for {VERDICTS} ({type(error).__name__})") from None
    except Exception:  # also the HTTP library's, for a reply that it cannot read
        raise Unavailable(f"the answer of splunkd's {VERDICTS} was not understood") from None


def _refused(status: int, body: bytes) -> ConnectorError:
    try:
        told = str(json.loads(body)["error"])
    except (ValueError, LookupError, TypeError):
        if status == 403:
            return ConfigError(
                f"you may not write verdicts: your role needs the capability {MAY_LOOK_UP}, as the role vtlookup_user "
                "has it; ask your admin"
            )
        return Unavailable(f"splunkd's {VERDICTS} did not answer (HTTP {status})")
    return Unavailable(told) if status == 429 or status >= 500 else ConfigError(told)
