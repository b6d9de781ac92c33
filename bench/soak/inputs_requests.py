"""Request documents near the schemas, and mutated ones, to the core."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from bench.soak.drill import Effort, Tally
from bench.soak.inputs_harness import Harness, broken, outcome_of
from bench.soak.inputs_mutated import mutated, text_of
from bench.soak.inputs_tries import try_all
from tests.contract.near import near
from tests.fake_clock import FakeClock
from tests.indicators.texts import TEXTS
from vt_connectors.actions import ACTIONS
from vt_connectors.api_key import ApiKey
from vt_connectors.contract.validation import schema, violation
from vt_connectors.errors import ConfigError
from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer

# A key that cannot be one is a matter of the configuration.
_MALFORMED = ("invalid_request", "unknown_action", "unsupported_version", "config_error")
# What these want of their parameters is more than the schemas' words can say.
_MORE_RULES = (
    *("passive_dns", "scan_file", "scan_url", "add_comment", "download_file", "ioc_stream"),
    *("search", "intelligence_search", "vt_get"),
)
_ENVELOPE = schema("request.json")["properties"]
_GOOD: dict[str, Any] = {
    "options": {"cache": "off", "max_age_s": 0, "max_wait_s": 0, "include": ["raw"], "thresholds": {"malicious": 1}},
    "auth": {"api_key": "another-key"},
    "id": "7",
    "v": 1,
}
_PLACES = {"path": st.sampled_from(["/", ".", "/dev/null", "/dev/zero", "/no/such/file", "\x00", "\ud800", "x" * 5000])}


def documents() -> st.SearchStrategy[Any]:
    """Mostly what the schemas want."""
    return st.sampled_from([*ACTIONS]).flatmap(_request)


def _request(name: str) -> st.SearchStrategy[Any]:
    example = ACTIONS[name].example
    params = schema(f"actions/{name}.json")
    texts = {param: _PLACES.get(param, TEXTS) for param in params["properties"] if param not in example}
    given = {
        key: st.just(value) | TEXTS if isinstance(value, str) else st.just(value) for key, value in example.items()
    }
    usual = st.fixed_dictionaries(given, optional=texts)
    optional = {key: _mostly(st.just(good), near(_ENVELOPE[key])) for key, good in _GOOD.items()}
    return st.fixed_dictionaries({"action": st.just(name), "params": _mostly(usual, near(params))}, optional=optional)


def _mostly(usual: st.SearchStrategy[Any], other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from([usual, usual, other]).flatmap(lambda drawn: drawn)


def bent_documents() -> st.SearchStrategy[Any]:
    texts = [json.dumps({"action": name, "params": dict(ACTIONS[name].example), **_GOOD}) for name in ACTIONS]
    return mutated(st.sampled_from(texts))


def tallies(effort: Effort) -> Iterator[Tally]:
    lost = (
        "an exception, an answer against the contract, another id than the request's, a request to VirusTotal for "
        "what the schemas refuse, a refusal of what they take"
    )
    clock = FakeClock()
    config = SandboxConfig(private_keys=True)
    with SandboxServer(Quota.unlimited(), clock.now, config=config) as server:
        houses = [Harness(server.url, clock, version) for version in ("3", "2")]
        for what, values, tries in (
            ("requests made from the schemas, to the core", documents(), effort.times(60, 2_000)),
            ("requests bent in one to four places, to the core", bent_documents(), effort.times(60, 2_000)),
        ):
            tally = Tally(what, lost)
            try_all(tally, effort, tries, values, lambda value: _wrong(houses, value))
            yield tally


def _wrong(houses: list[Harness], value: Any) -> Iterator[str]:
    try:
        document = json.loads(text_of(value))
    except RecursionError:
        return  # no caller can have it either
    for house in houses:
        response = house.ask(document)
        yield from (f"v{house.version}: {loss}" for loss in _wrong_answer(house, document, response))


def _wrong_answer(house: Harness, document: Any, response: Mapping[str, Any]) -> Iterator[str]:
    yield from broken(response)
    if response["id"] != expected_id(document):
        yield f"the id is {response['id']!r}"
    outcome, refused = outcome_of(response), is_refused(document)
    # That there is a key where none belongs is said first.
    has_key = "contains an API key" in response["summary"]
    if refused and not has_key and (outcome not in _MALFORMED or house.heard.sent):
        yield f"against the schemas, and {outcome} after {house.heard.paths()}"
    if outcome in _MALFORMED and house.heard.sent:
        yield f"{outcome} after {house.heard.paths()}"
    if outcome == "invalid_request" and not refused and not has_key and document["action"] not in _MORE_RULES:
        yield f"taken by the schemas, and refused: {response['summary']}"


def expected_id(document: Any) -> Any:
    found = document.get("id") if isinstance(document, dict) else None
    if isinstance(found, bool) or not isinstance(found, (str, int, float)):
        return None
    return None if isinstance(found, float) and not math.isfinite(found) else found


def is_refused(document: Any) -> bool:
    """By the schemas: the envelope's and its action's."""
    if violation("request.json", document) is not None or not _has_usable_key(document):
        return True
    name = document["action"]
    return name not in ACTIONS or violation(f"actions/{name}.json", document["params"]) is not None


def _has_usable_key(document: Any) -> bool:
    """The schemas take any text for a key."""
    try:
        ApiKey(document["auth"]["api_key"] if "auth" in document else "any-key")
    except ConfigError:
        return False
    return True
