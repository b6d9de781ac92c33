"""The calls of an action as data, for other tools such as curl."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import Protocol, Union
from urllib.parse import quote, urlencode

from ..indicators import Indicator, Kind
from ..virustotal.endpoints import Endpoint


@dataclass(frozen=True)
class Captured:
    """A value that a later call takes from a response: its name, and its path in the response's JSON."""

    name: str
    path: tuple[str, ...]


# In v3's quota call the key itself identifies the account.
KEY = Captured("VT_API_KEY", ())

Value = Union[str, Captured]


@dataclass(frozen=True)
class Check:
    """Whether a response's JSON has `value` at `path`; without `value`, whether the path exists."""

    path: tuple[str, ...]
    value: str | None = None


@dataclass(frozen=True)
class File:
    """A file to send, and the name under which it is sent."""

    path: str
    name: str


@dataclass(frozen=True)
class Call:
    """One call; `about` describes it, and contains no text from outside.

    `address`: another URL, from an earlier response. `captures`: a value for later calls. `until`: repeat the call
    with pauses until its response passes this check. `on_if`: make the calls after it only if its response passes
    this check; else its response is the last.
    """

    about: str
    endpoint: Endpoint
    values: Mapping[str, Value] = field(default_factory=dict)
    file: File | None = None
    address: Captured | None = None
    captures: Captured | None = None
    until: Check | None = None
    on_if: Check | None = None

    def url(self, base_url: str) -> tuple[Value, ...]:
        """The URL in pieces. It includes the query, unless the key goes there too (see `fields`)."""
        if self.address is not None:
            return (self.address,)
        return tuple(self._url(base_url))

    def _url(self, base_url: str) -> Iterator[Value]:
        yield base_url
        for text, name, _, _ in Formatter().parse(self.endpoint.path):
            yield text
            if name:
                value = self.values[name]
                yield value if isinstance(value, Captured) else quote(value, safe="")
        if self.endpoint.key != "query" and self._named(self.endpoint.query):
            yield f"?{urlencode(self._named(self.endpoint.query))}"

    @property
    def fields(self) -> tuple[tuple[str, Value], ...]:
        """The form-encoded fields: in the body, or in the query if the key goes there too."""
        in_query = self.endpoint.key == "query"
        return self._named(self.endpoint.query if in_query else self.endpoint.form)

    def _named(self, names: tuple[str, ...]) -> tuple[tuple[str, Value], ...]:
        return tuple((name, self.values[name]) for name in names if name in self.values)

    @property
    def body(self) -> str | None:
        """The JSON body; None if there is none."""
        told = {name: value for name, value in self.values.items() if isinstance(value, str)}
        document = self.endpoint.document(told)
        return None if document is None else json.dumps(document)


Calls = tuple[Call, ...]


@dataclass(frozen=True)
class RequestPlan:
    """The calls in order; `skipped` is the reason if there are none because the indicator must not be sent."""

    calls: Calls
    skipped: str | None = None


class Planner(Protocol):
    """The calls of both versions of the API. Raises like `port.Api`."""

    def lookup(self, indicator: Indicator, relationships: Sequence[str] = ()) -> Calls:
        """`relationships`: as in `port.Api.lookup`."""

    def look_up_or_scan(self, url: Indicator) -> Calls: ...

    def until_over(self, calls: Calls, kind: Kind) -> Calls:
        """`calls`, which start the scan of a file or URL, and then the calls that wait for its end."""

    def add_comment(self, indicator: Indicator, text: str) -> Calls: ...

    def comments(self, indicator: Indicator, limit: int) -> Calls: ...

    def resolutions(self, indicator: Indicator, limit: int) -> Calls: ...

    def related(self, endpoint: Endpoint, indicator: Indicator, limit: int) -> Calls: ...

    def scan_file(self, file: File, size: int) -> Calls: ...

    def rescan(self, indicator: Indicator) -> Calls: ...

    def add_vote(self, indicator: Indicator, verdict: str) -> Calls: ...

    def call(self, about: str, endpoint: Endpoint, values: Mapping[str, str]) -> Calls:
        """One call that only API v3 has."""

    def scan_url(self, url: Indicator) -> Calls: ...

    def analysis(self, analysis_id: str) -> Calls: ...

    def quotas(self, days: tuple[str, str] | None = None) -> Calls:
        """`days`: also the use by endpoint from the first to the last day, as YYYYMMDD."""
