"""Clients of the same processes, such as the tokens of servers, beside one that floods."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from pathlib import Path

import pytest

from tests.driven_clock import DrivenClock
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.backends.sqlite.ledgers import SqliteLedgers
from vt_connectors.errors import Cancelled
from vt_connectors.quota import parse_quota
from vt_connectors.quota.ledger_store import LedgerStore
from vt_connectors.quota.limiter import Limiter
from vt_connectors.quota.waiters import LOOK_IN_S, Claim
from vt_connectors.state.fallback import Fallback
from vt_connectors.state.heartbeat import Heartbeat

_CLIENTS, _REQUESTS, _FLOOD_THREADS = 6, 4, 12


class _Clients:
    """Threads of clients that wait for quota, and one client with many threads."""

    def __init__(self, limiters: list[Limiter], clock: DrivenClock) -> None:
        self._limiters = limiters
        self._clock = clock
        self._lock = threading.Lock()
        self._calm = _CLIENTS - 1
        self.waits: dict[str, list[float]] = {}
        self.flooded = 0

    def run(self) -> None:
        """Return when each client but the flooding one has had its requests."""
        floods = [threading.Thread(target=self._flood, args=(number,)) for number in range(_FLOOD_THREADS)]
        calm = [threading.Thread(target=self._ask, args=(number,)) for number in range(_CLIENTS - 1)]
        for thread in [*floods, *calm]:
            thread.start()
        self._clock.drive(self._waiting_clients)
        self._clock.end()
        for thread in [*calm, *floods]:
            thread.join()

    def _waiting_clients(self) -> int:
        """Each client has one ticket in the queue of a process, and the flooding one has threads in all of them."""
        return self._calm + len(self._limiters) if self._calm else 0

    def _limiter(self, number: int) -> Limiter:
        return self._limiters[number % len(self._limiters)]

    def _flood(self, number: int) -> None:
        claim = Claim("token:flood")
        with contextlib.suppress(Cancelled):
            while True:
                self._slot(self._limiter(number), claim)
                self.flooded += 1

    def _ask(self, number: int) -> None:
        name = f"token:{number}"
        for _ in range(_REQUESTS):
            began = self._clock.monotonic()
            self._slot(self._limiter(number), Claim(name))
            with self._lock:
                self.waits.setdefault(name, []).append(self._clock.monotonic() - began)
        with self._lock:
            self._calm -= 1
        self._clock.notify()

    def _slot(self, limiter: Limiter, claim: Claim) -> None:
        with limiter.slot(math.inf, claim=claim) as slot:
            slot.answered()


@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize("quota", ["1/5s", "4/20s", "1/5s,1000/day"])
def test_every_client_waits_for_one_slot_more_than_clients_at_most_beside_one_that_floods(
    tmp_path: Path, processes: int, quota: str
) -> None:
    clock, parsed = DrivenClock(), parse_quota(quota)

    def limiter() -> Limiter:
        shared: LedgerStore = SqliteLedgers(tmp_path / "quota.db", clock)
        return Limiter(Fallback(shared, MemoryLedgers(clock), clock, "alone"), "a", lambda: parsed, clock, Heartbeat())

    limiters = [limiter() for _ in range(processes)]
    limiters[0].shares.register({f"token:{number}": 10 for number in range(_CLIENTS - 1)})
    clients = _Clients(limiters, clock)
    clients.run()
    window = parsed.sliding[0]
    # With several slots in a window, all of them come at once, and then none for the rest of the window.
    burst_s = window.seconds - parsed.pace_s
    bound_s = (_CLIENTS + 1) * parsed.pace_s + burst_s + LOOK_IN_S
    assert all(len(waits) == _REQUESTS for waits in clients.waits.values())
    assert max(wait for waits in clients.waits.values() for wait in waits) <= bound_s
    assert clients.flooded >= _REQUESTS - 1, "and the others do not shut it out"


def test_the_figures_count_the_requests_that_wait_in_this_process(tmp_path: Path) -> None:
    clock, parsed = DrivenClock(), parse_quota("1/minute,100/day")
    ledgers: LedgerStore = SqliteLedgers(tmp_path / "quota.db", clock)
    limiter = Limiter(Fallback(ledgers, MemoryLedgers(clock), clock, "alone"), "a", lambda: parsed, clock, Heartbeat())
    limiter.shares.register({"token:0": 10, "token:1": 10})
    with limiter.slot(math.inf) as slot:
        slot.answered()

    def wait() -> None:
        with contextlib.suppress(Cancelled), limiter.slot(math.inf, claim=Claim("token:0")):
            pass

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    give_up = time.monotonic() + 60
    while limiter.shares.usage()["token:0"]["waiting"] < len(threads):
        assert time.monotonic() < give_up
        time.sleep(0.01)
    assert limiter.shares.usage()["token:1"]["waiting"] == 0
    clock.end()
    for thread in threads:
        thread.join()
    assert limiter.shares.usage()["token:0"]["waiting"] == 0
