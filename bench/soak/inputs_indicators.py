"""Texts as indicators for each lookup of both API versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from bench.soak.drill import Effort, Tally
from bench.soak.inputs_harness import Harness, broken, outcome_of
from bench.soak.inputs_tries import try_all
from tests.fake_clock import FakeClock
from tests.indicators.texts import NEAR, TEXTS
from vt_connectors.contract.documents import Options
from vt_connectors.sandbox import Quota, SandboxServer

_KINDS = ("hash", "url", "domain", "ip")
_LONGEST = 8192
_PATHS = {
    ("3", "hash"): "/api/v3/files/[0-9a-f]{32,64}",
    ("3", "url"): "/api/v3/urls/[A-Za-z0-9_=-]+",
    ("3", "domain"): "/api/v3/domains/[^/?#]+",
    ("3", "ip"): "/api/v3/ip_addresses/[^/?#]+",
    ("2", "hash"): "/vtapi/v2/file/report",
    ("2", "url"): "/vtapi/v2/url/report",
    ("2", "domain"): "/vtapi/v2/domain/report",
    ("2", "ip"): "/vtapi/v2/ip-address/report",
}
_ANSWERED = ("ok", "not_found")
_UNASKED = ("skipped", "invalid_indicator", "invalid_request")

_HEX = st.sampled_from("0123456789abcdefABCDEF")
_NEAR_HASHES = st.tuples(
    st.sampled_from(["", "", "", " ", "\t", "0x", "\ufeff"]),
    st.sampled_from([31, 32, 32, 33, 40, 40, 63, 64, 64, 65, 128]).flatmap(
        lambda size: st.text(_HEX, min_size=size, max_size=size)
    ),
    st.sampled_from(["", "", "", "0", "g", "\n", " ", "\u0660", "\uff11", "\x00"]),
).map("".join)
_NEAR_ADDRESSES = st.tuples(
    st.sampled_from(["", "[", "::ffff:", "0", "0x", " "]),
    st.one_of(
        st.ip_addresses().map(str),
        st.lists(st.integers(-1, 999).map(str), min_size=1, max_size=5).flatmap(
            lambda parts: st.sampled_from([".", "[.]", "(.)", "[dot]", ",", "\u3002"]).map(lambda dot: dot.join(parts))
        ),
        st.integers(0, 2**33).map(str),
    ),
    st.sampled_from(["", "]", "%eth0", "/24", ":80", ".", "%00"]),
).map("".join)
_LABELS = st.one_of(
    st.text(st.characters(), min_size=1, max_size=8),
    st.text(st.sampled_from("abcxyz019-_"), min_size=1, max_size=70),
    st.text(st.sampled_from("abc019-\u00fc"), max_size=10).map(lambda text: f"xn--{text}"),
    st.sampled_from(["\u202eelpmaxe", "\u05d0a", "\u0661", "\u200d", "a\u0300", "\ud83d\ude00", "\udfff", "*", "%2e"]),
)
_NEAR_DOMAINS = st.tuples(
    st.lists(_LABELS, min_size=1, max_size=6), st.sampled_from([".", "[.]", "{.}", "\uff0e", "..", "[.", " . "])
).map(lambda drawn: drawn[1].join(drawn[0]))
_NEAR_URLS = st.tuples(
    st.sampled_from(["http://", "hxxps://", "HTTP[:]//", "ftp://", "//", "javascript:", "http:/", "data:,", ""]),
    st.sampled_from(["", "user@", "u:p@", "@", "a\\@", "u%40:@"]),
    _NEAR_DOMAINS | _NEAR_ADDRESSES,
    st.sampled_from(["", ":", ":0", ":80", ":65535", ":65536", ":-1", ":\u0661", ":9" * 9]),
    st.sampled_from(["", "/", "?", "#", "/../", "/%2e%2e/", "/%zz", "/?a=b&c#d", "\\", "/\r\nX: y"]) | NEAR,
).map("".join)
_LONG = st.tuples(TEXTS, st.sampled_from([100, 8_191, 8_192, 8_193, 100_000, 1_000_000])).map(
    lambda drawn: (drawn[0] * drawn[1])[: drawn[1]]
)
_NO_TEXTS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.lists(TEXTS), st.dictionaries(TEXTS, TEXTS)
)
VALUES: st.SearchStrategy[Any] = st.one_of(
    TEXTS, _NEAR_HASHES, _NEAR_ADDRESSES, _NEAR_DOMAINS, _NEAR_URLS, _NEAR_URLS, st.text(), _LONG, _NO_TEXTS
)


def tallies(effort: Effort) -> Iterator[Tally]:
    tally = Tally(
        "texts in the place of an indicator, near-indicators, half characters, huge ones, to all lookups of v3 and v2",
        "an exception, an answer against the contract, a request for what is none, a second one for an equal one, "
        "a request to another address than the lookup's",
    )
    with SandboxServer(Quota.unlimited()) as server:
        houses = [Harness(server.url, FakeClock(), version) for version in ("3", "2")]
        try_all(tally, effort, effort.times(40, 3_000), VALUES, lambda value: _wrong(houses, value))
    yield tally


def _wrong(houses: list[Harness], value: Any) -> Iterator[str]:
    for house in houses:
        for kind in _KINDS:
            response = house.ask({"action": f"lookup_{kind}", "params": {kind: value}})
            for loss in _wrong_lookup(house, kind, value, response):
                yield f"v{house.version} lookup_{kind}: {loss}"
        if isinstance(value, str):
            house.heard.forget()
            response = house.core.look_up(None, value, Options())
            kind = str(response["action"])[len("lookup_") :]
            for loss in _wrong_lookup(house, kind, value, response):
                yield f"v{house.version}, recognised: {loss}"


def _wrong_lookup(house: Harness, kind: str, value: Any, response: Mapping[str, Any]) -> Iterator[str]:
    paths, outcome = house.heard.paths(), outcome_of(response)
    yield from broken(response)
    if response["meta"]["requests"] != len(paths):
        yield f"it tells of {response['meta']['requests']} requests and made {len(paths)}"
    if outcome not in _ANSWERED + _UNASKED:
        yield f"an outcome that cannot be: {response['summary']}"
    if outcome in _UNASKED and paths:
        yield f"{outcome}, and asked: {paths}"
    if outcome == "invalid_request" and isinstance(value, str) and 0 < len(value) <= _LONGEST:
        yield "a text of a lawful length is no invalid request"
    if len(paths) > 1 or not all(re.fullmatch(_PATHS[house.version, kind], path) for path in paths):
        yield f"requests to {paths}"
    if outcome in _ANSWERED:
        yield from _wrong_again(house, kind, response)


def _wrong_again(house: Harness, kind: str, before: Mapping[str, Any]) -> Iterator[str]:
    """The canonical form of an indicator is the same indicator, and is already cached."""
    value = before["data"]["indicator"]
    after = house.ask({"action": f"lookup_{kind}", "params": {kind: value}})
    # Removed parts of the text are not in its canonical form.
    data = {name: told for name, told in before["data"].items() if name != "removed"}
    if house.heard.sent or outcome_of(after) != outcome_of(before) or after["data"] != data:
        yield f"its one form {value!r} is not the same: {after['summary']}, {house.heard.paths()}"
