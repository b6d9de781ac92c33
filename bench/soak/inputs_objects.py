"""Mutated responses, from files and from the sandbox, to the actions that could get them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from bench.soak.drill import Effort, Tally
from bench.soak.inputs_harness import Harness, broken, outcome_of
from bench.soak.inputs_mutated import mutated, text_of
from bench.soak.inputs_tries import try_all
from tests.actions.meetings import Said, meetings, said_in
from tests.fake_clock import FakeClock
from tests.verdict.recordings import answers, name_of
from vt_connectors.actions import ACTIONS
from vt_connectors.sandbox import Quota, SandboxConfig, SandboxServer
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

_OPINIONS = ("malicious", "suspicious", "harmless", "undetected")
# The valid outcomes for a 200, by kind of action.
_OF_200 = {
    "lookup": {"ok", "not_found", "invalid_response", "rate_limited", "invalid_indicator"},
    "write": {"ok", "pending", "outcome_unknown", "not_found", "conflict", "invalid_indicator", "too_large"},
}


@dataclass(frozen=True)
class Base:
    """A response, and the action and parameters that could get it."""

    name: str
    said: Said = field(repr=False)
    action: str
    params: Mapping[str, Any]


class _Saying:
    """A fake VirusTotal with the same response to all requests."""

    def __init__(self, said: Said, body: str) -> None:
        self._answer = HttpResponse(said.status, {"content-type": "application/json"}, body.encode())

    def send(self, request: HttpRequest) -> HttpResponse:
        return self._answer


def tallies(effort: Effort) -> Iterator[Tally]:
    for whose, bases, tries in (
        ("answers of VirusTotal", _answers(), effort.times(70, 4_000)),
        ("the sandbox's answers", sandboxs(), effort.times(30, 1_000)),
    ):
        tally = Tally(
            f"{whose}, v3 and v2, bent in one to four places, to the actions that meet them ({len(bases)} pairs)",
            "an exception, an answer against the contract, `undetected` where an engine's count is gone or is none, "
            "another verdict than the object's counts make, an error in the cache",
        )
        bodies = st.sampled_from(bases).flatmap(lambda base: st.tuples(st.just(base), mutated(st.just(base.said.body))))
        try_all(tally, effort, tries, bodies, lambda drawn: _wrong(*drawn))
        yield tally


def _answers() -> list[Base]:
    found = [(name_of(path), said_in(path)) for path in answers()]
    return [Base(name, said, row[1], row[2]) for name, said in found for row in meetings(name)]


def sandboxs() -> list[Base]:
    """The answers to every action's example."""
    clock = FakeClock()
    bases = []
    with SandboxServer(Quota.unlimited(), clock.now, config=SandboxConfig(private_keys=True)) as server:
        for version in ("3", "2"):
            house = Harness(server.url, clock, version)
            for name, action in ACTIONS.items():
                house.ask({"action": name, "params": dict(action.example)})
                for answer in house.heard.got[-1:]:
                    said = Said(version, answer.status, answer.body.decode())
                    bases.append(Base(f"sandbox v{version} {name}", said, name, action.example))
    return bases


def _wrong(base: Base, document: Any) -> Iterator[str]:
    body = text_of(document)
    house = Harness("https://vt.example", FakeClock(), base.said.version, _Saying(base.said, body))
    request = {"action": base.action, "params": base.params}
    response = house.ask({**request, "options": {"include": ["raw", "engines"]}})
    losses = [*broken(response)] or [*_wrong_answer(base, document, response)]
    if base.action.startswith("lookup_"):
        losses += _wrong_kept(house, request, response)
    yield from (f"{base.name} by {base.action}: {loss}" for loss in losses)


def _wrong_answer(base: Base, document: Any, response: Mapping[str, Any]) -> Iterator[str]:
    outcome = outcome_of(response)
    data = response["data"] or {}
    if base.said.status == 200 and base.action != "quota":
        allowed = _OF_200["write" if ACTIONS[base.action].writes else "lookup"]
        # API v2 has no word for a scan that is queued but an answer without its results.
        allowed = {*allowed, "pending"} if base.action == "get_analysis" else allowed
        if outcome not in allowed:
            yield f"HTTP 200 and {outcome}: {response['summary']}"
    if "verdict" in data:
        yield from _wrong_verdict(data)
        if response["status"] == "ok" and base.action.startswith("lookup_"):
            is_v3 = base.said.version == "3"
            yield from _wrong_counts(data, _stats_of(document)) if is_v3 else _wrong_counts_v2(data, document)


def _wrong_verdict(data: Mapping[str, Any]) -> Iterator[str]:
    stats = data.get("stats")
    total = sum(stats[name] for name in _OPINIONS) if stats else 0
    if stats and stats["total"] != total:
        yield f"the total of {stats} is {total}"
    if (data["verdict"] == "unknown") != (total == 0):
        yield f"{data['verdict']} by {total} engines"


def _wrong_counts(data: Mapping[str, Any], stats: Any) -> Iterator[str]:
    """By the object itself: nothing is called undetected of which one engine's count cannot be read."""
    counts = [stats.get(name, 0) for name in _OPINIONS] if isinstance(stats, dict) else [0] * len(_OPINIONS)
    if not all(map(_is_count, counts)):
        counts = [0] * len(_OPINIONS)
    due = _verdict(*map(int, counts))
    if data["verdict"] != due:
        yield f"{data['verdict']} and not {due} of the counts {stats}"


def _wrong_counts_v2(data: Mapping[str, Any], report: Any) -> Iterator[str]:
    figures = [report[name] for name in ("positives", "total") if name in report] if isinstance(report, dict) else []
    read = [figure for figure in figures if _is_count(figure) or (isinstance(figure, str) and figure.isdecimal())]
    if figures != read and data["verdict"] != "unknown":
        yield f"{data['verdict']} of the counts {figures}"


def _is_count(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 and _is_exact(value)


def _is_exact(value: float) -> bool:
    return isinstance(value, int) or value < 1e15


def _verdict(malicious: int, suspicious: int, harmless: int, undetected: int) -> str:
    """The contract's rule with its own thresholds."""
    if not malicious + suspicious + harmless + undetected:
        return "unknown"
    return "malicious" if malicious >= 3 else "suspicious" if malicious + suspicious else "undetected"


def _stats_of(document: Any) -> Any:
    for name in ("data", "attributes", "last_analysis_stats"):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _wrong_kept(house: Harness, request: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    """Answers are kept as they are, and errors never."""
    after = house.ask({**request, "options": {"cache": "only", "include": ["raw", "engines"]}})
    yield from (f"from the cache: {loss}" for loss in broken(after))
    if before["error"] is not None and (after["data"] or {}).get("reason") != "not_cached":
        yield f"{outcome_of(before)}, and the cache has {after['summary']}"
    if before["error"] is None and (after["status"], after["data"]) != (before["status"], before["data"]):
        yield f"{before['summary']}, and the cache has {after['summary']}"
