"""Mutated responses to the actions beyond lookups: relationships, behaviour, searches, streams, the account's use.

An action may send several requests. All but one of their responses are as the sandbox sends them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from bench.soak.drill import Effort, Tally
from bench.soak.inputs_harness import Harness, broken, outcome_of
from bench.soak.inputs_mutated import mutated, text_of
from bench.soak.inputs_tries import try_all
from tests.fake_clock import FakeClock
from tests.results import wrong_with
from vt_connectors.actions import ACTIONS
from vt_connectors.indicators import NeverQuery, recognise
from vt_connectors.sandbox import EVERY_LICENCE, Quota, SandboxConfig, SandboxServer
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse
from vt_connectors.virustotal.relationship_names import licence_of

EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"
URL = "http://malicious.example/payload.bin"
_OF_ACCOUNT = {"path": "me"}
_OTHER_KEY = "another-key-0123456789"
_ANSWERS = {"ok", "not_found", "pending", "invalid_response", "invalid_indicator", "rate_limited", "skipped"}
_OF_WRITES = {*_ANSWERS, "outcome_unknown", "conflict"} - {"invalid_response"}
# Cached answers that no other key may get, not even without `raw`.
_PER_KEY = {"search", "intelligence_search", "ioc_stream", "vt_get"}

REQUESTS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("relationships", {"indicator": EICAR, "relationship": "contacted_urls"}),
    ("relationships", {"indicator": INVOICE, "relationship": "dropped_files", "full": True}),
    ("relationships", {"indicator": "malicious.example", "relationship": "communicating_files", "limit": 60}),
    ("relationships", {"indicator": "malicious.example", "relationship": "communicating_files", "full": True}),
    ("relationships", {"indicator": URL, "relationship": "network_location", "full": True}),
    ("relationships", {"indicator": URL, "relationship": "last_serving_ip_address"}),
    ("relationships", {"indicator": "malicious.example", "relationship": "parent"}),
    ("relationships", {"indicator": "malicious.example", "relationship": "siblings"}),
    ("behaviour", {"hash": INVOICE, "parts": ["summary"]}),
    ("behaviour", {"hash": INVOICE, "parts": ["techniques"]}),
    ("behaviour", {"hash": INVOICE}),
    ("get_votes", {"indicator": EICAR, "limit": 10}),
    ("add_vote", {"indicator": EICAR, "verdict": "malicious"}),
    ("get_comments", {"indicator": EICAR, "limit": 10}),
    ("search", {"query": EICAR}),
    ("search", {"query": "#phishing", "limit": 10}),
    ("intelligence_search", {"query": "entity:file p:5+", "limit": 40}),
    ("intelligence_search", {"query": "entity:url p:5+", "descriptors_only": True}),
    ("ioc_stream", {"since": "2025-12-30T03:04:05Z", "limit": 20}),
    ("vt_get", {"path": "attack_techniques/T1059"}),
    ("vt_get", _OF_ACCOUNT),
    ("vt_get", {"path": f"files/{INVOICE}/behaviours"}),
    ("rescan", {"indicator": "malicious.example"}),
    ("rescan", {"indicator": EICAR}),
    ("quota", {}),
    ("quota", {"usage_days": 3}),
)


@dataclass(frozen=True)
class Exchange:
    """A request of an action, and the responses that it got, by their places; `place` is the one to be mutated."""

    action: str
    params: Mapping[str, Any]
    answers: tuple[HttpResponse, ...] = field(repr=False)
    place: int

    @property
    def body(self) -> str:
        return self.answers[self.place].body.decode()


class _Replayed:
    """A fake VirusTotal with these responses, one after the other; the last again for further requests."""

    def __init__(self, answers: list[HttpResponse]) -> None:
        self._answers = answers
        self._next = 0

    def send(self, request: HttpRequest) -> HttpResponse:
        self._next += 1
        return self._answers[min(self._next, len(self._answers)) - 1]


def tallies(effort: Effort) -> Iterator[Tally]:
    bases = exchanges()
    tally = Tally(
        f"the sandbox's answers to the actions beyond lookups, v3, bent in one to four places ({len(bases)} responses)",
        "an exception, an answer against its action's schema, an error in the cache, another answer from the cache, "
        "an answer about another object, licensed data for another key",
    )
    drawn = st.sampled_from(bases).flatmap(lambda base: st.tuples(st.just(base), mutated(st.just(base.body))))
    try_all(tally, effort, effort.times(60, 3_000), drawn, lambda found: _wrong(*found))
    yield tally


def exchanges() -> list[Exchange]:
    """What the sandbox answers, each response once. AssertionError if it refuses a request."""
    clock, found = FakeClock(), []
    config = SandboxConfig(private_keys=True, licences=EVERY_LICENCE)
    with SandboxServer(Quota.unlimited(), clock.now, config=config) as server:
        house = Harness(server.url, clock)
        house.ask({"action": "get_comments", "params": {"indicator": EICAR}})
        comment_id = json.loads(house.heard.got[-1].body)["data"][0]["id"]
        for action, params in (*REQUESTS, ("get_comment", {"comment_id": comment_id})):
            response = house.ask({"action": action, "params": params, "options": {"cache": "off"}})
            assert response["error"] is None, (action, response["summary"])
            answers = tuple(house.heard.got)
            found += [Exchange(action, params, answers, place) for place in range(len(answers))]
    return found


def _wrong(base: Exchange, document: Any) -> Iterator[str]:
    answers = list(base.answers)
    answers[base.place] = HttpResponse(200, {"content-type": "application/json"}, text_of(document).encode())
    house = Harness("https://vt.example", FakeClock(), "3", _Replayed(answers))
    request = {"action": base.action, "params": base.params, "options": {"include": ["raw"]}}
    response = house.ask(request)
    losses = [*broken(response), *_against_schema(response), *_wrong_answer(base, response)]
    losses += _wrong_cache(house, base, request, response)
    yield from (f"{base.action} {dict(base.params)}, response {base.place}: {loss}" for loss in losses)


def _against_schema(response: Mapping[str, Any]) -> Iterator[str]:
    wrong = wrong_with(response)  # type: ignore[arg-type]
    if wrong is not None:
        yield wrong


def _wrong_answer(base: Exchange, response: Mapping[str, Any]) -> Iterator[str]:
    allowed = _OF_WRITES if ACTIONS[base.action].writes else _ANSWERS
    if outcome_of(response) not in allowed:
        yield f"HTTP 200 and {outcome_of(response)}: {response['summary']}"
    data = response["data"] or {}
    for name in ("comment_id", "indicator"):
        if response["status"] == "ok" and name in base.params and data.get(name) != base.params[name]:
            yield f"asked for {base.params[name]}, and it is about {data.get(name)}"
    if base.action == "vt_get" and "apikey" in str(data):
        yield "it has the key of the account"


def _wrong_cache(
    house: Harness, base: Exchange, request: Mapping[str, Any], before: Mapping[str, Any]
) -> Iterator[str]:
    """Errors are never cached, answers unchanged, and what depends on the key's licence only for the key."""
    if ACTIONS[base.action].writes or base.action in ("quota", "ioc_stream"):
        return
    only = {**request, "options": {"cache": "only", "include": ["raw"]}}
    after = house.ask(only)
    yield from (f"from the cache: {loss}" for loss in (*broken(after), *_against_schema(after)))
    if before["error"] is not None and not _is_skipped(after):
        yield f"{outcome_of(before)}, and the cache has {after['summary']}"
    # Fewer rows than asked for, although there are more, are asked for again.
    is_partial = bool((before["data"] or {}).get("more")) and _is_skipped(after)
    is_same = (after["status"], after["data"]) == (before["status"], before["data"])
    if base.params == _OF_ACCOUNT:
        # Answers about accounts are never cached.
        is_partial = _is_skipped(after)
        if not is_partial:
            yield f"the cache has {after['summary']}"
    if before["error"] is None and not is_same and not is_partial:
        yield f"{before['summary']}, and the cache has {after['summary']}"
    other = {**only, "auth": {"api_key": _OTHER_KEY}}
    if house.ask(other)["status"] == "ok":
        yield "another key got VirusTotal's own objects"
    plain = house.ask({**other, "options": {"cache": "only"}})
    if plain["status"] == "ok" and _is_licensed(base):
        yield f"another key got {plain['summary']}"
    if house.heard.sent:
        yield "a request with cache=only"


def _is_licensed(base: Exchange) -> bool:
    if base.action == "relationships":
        kind = recognise(base.params["indicator"], NeverQuery()).kind
        return bool(base.params.get("full")) or licence_of(kind, base.params["relationship"]) != "free"
    return base.action in _PER_KEY


def _is_skipped(response: Mapping[str, Any]) -> bool:
    return (response["data"] or {}).get("reason") == "not_cached"
