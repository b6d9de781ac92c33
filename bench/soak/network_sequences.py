"""Several faults and then a good response: the answer is right, and the faults have no effect on it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from bench.soak.drill import Effort, Tally
from bench.soak.network_harness import Asked, comment, commented, core_at, found, lookup
from bench.soak.network_wire import Drawn, drawn, drawn_slow
from tests.fake_clock import FakeClock
from tests.scripted_server import ScriptedServer
from tests.virustotal.faults import FAULTS, FOREIGN

# Longer than any pause, and shorter than an answer lives.
_A_WHILE_S = 3700.0
_BRISK_S, _PATIENT_S = "0.4", "10"
# A comment is not repeated: what came of it is unknown wherever a lookup would be asked again or find nonsense.
_OF_A_COMMENT = {
    "unavailable": frozenset({"outcome_unknown", "unavailable"}),
    "invalid_response": frozenset({"outcome_unknown", "invalid_response", "too_large"}),
    "timeout": frozenset({"outcome_unknown"}),
}
_SLOW = frozenset(name for name, fault in FAULTS.items() if fault.code == "timeout")


def tallies(effort: Effort) -> Iterator[Tally]:
    faults = Tally(
        "broken answers in random sequences (resets, lengths, gzip, chunks, floods, stalls, errors), state in a file",
        "an exception, an answer against the contract, another code than the contract's, a comment sent twice, "
        "a lookup more than three times",
    )
    after = Tally("good answers after such a sequence", "it was not got, or an error was served from the cache")
    place, clock = effort.place("network"), FakeClock()
    for number in range(effort.times(20, 400)):
        seed = effort.seed * 100_000 + number
        _Sequence(random.Random(seed), seed, place / "state.db", clock).run(faults, after)
    yield faults
    yield after


class _Sequence:
    """Some are of faults that are over when VT_TIMEOUT is, so few and with little patience."""

    def __init__(self, draw: random.Random, seed: int, state: Path, clock: FakeClock) -> None:
        self._draw = draw
        self._seed = seed
        self._state = state
        self._is_slow = draw.random() < 0.1
        self._hash = f"{draw.getrandbits(256):064x}"
        self._clock = clock

    def run(self, faults: Tally, after: Tally) -> None:
        timeout = _BRISK_S if self._is_slow else _PATIENT_S
        with ScriptedServer() as server:
            core = core_at(server.url, self._clock, self._state, VT_TIMEOUT=timeout)
            for _ in range(self._draw.randint(3, 5 if self._is_slow else 10)):
                is_read = self._draw.random() < 0.7
                fault, requests = self._next(is_read)
                server.script(fault.step)
                asked = Asked(core, server, (lookup if is_read else comment)(self._hash))
                self._count(
                    faults,
                    f"{'a lookup' if is_read else 'a comment'}, {fault.name}",
                    asked.wrong(set(fault.allowed), requests),
                )
                self._clock.advance(_A_WHILE_S)
            server.script(found(self._hash))
            asked = Asked(core, server, lookup(self._hash))
            wrong = asked.wrong({"ok"}, 1)
            if wrong is None and asked.response["meta"]["source"] != "api":
                wrong = f"it came from {asked.response['meta']['source']}"
            self._count(after, "the good answer", wrong)
            server.script(commented(self._hash))
            self._count(after, "the good comment", Asked(core, server, comment(self._hash)).wrong({"ok"}, 1))
            core.close()

    def _next(self, is_read: bool) -> tuple[Drawn, int | None]:
        if self._draw.random() < 0.5:
            fault, requests = (drawn_slow if self._is_slow else drawn)(self._draw), None
        else:
            faults = FOREIGN if self._draw.random() < 0.4 and not self._is_slow else FAULTS
            name = self._draw.choice([name for name in faults if (name in _SLOW) == self._is_slow])
            told = faults[name]
            fault, requests = Drawn(name, told.step, frozenset({told.code})), told.requests
        if is_read:
            return fault, requests
        allowed = frozenset[str]().union(*(_OF_A_COMMENT.get(code, frozenset({code})) for code in fault.allowed))
        return Drawn(fault.name, fault.step, allowed), None

    def _count(self, tally: Tally, what: str, wrong: str | None) -> None:
        tally.count(*([f"sequence {self._seed}, {what}: {wrong}"] if wrong else []))
