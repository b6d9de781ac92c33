"""What a slot costs when the record is full: processor time beside that of a slot at 4 a minute, and writes."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from types import MappingProxyType

from bench.figures import Figure
from tests.redis_process import RedisProcess
from tests.splunk.fake_kvstore import FakeKvStore, Member
from tests.splunk.fake_splunkd import FakeSplunkd
from tests.splunk.kvstore_parts import book_at
from vt_connectors.backends.memory.ledgers import MemoryLedgers
from vt_connectors.backends.redis.ledgers import RedisLedgers
from vt_connectors.backends.sqlite.ledgers import SqliteLedgers
from vt_connectors.clock import SystemClock
from vt_connectors.quota import parse_quota, policy
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.ledger_store import Change, LedgerStore, Result
from vt_connectors.quota.limiter import Limiter
from vt_connectors.quota.waiters import Claim
from vt_connectors.state.fallback import Fallback
from vt_connectors.state.heartbeat import Heartbeat

_SMALL, _LARGE = "4/minute", ("20000/hour", "60000/hour")
_GOAL = 1.5
_DAILY = "60000/hour,500000/day"
_CLIENTS = {f"token:client {number}": 6 for number in range(16)}
_SCOPE = "a key"
_SLOTS, _ROUNDS = 20, 9


class _Counting:
    """A book that counts the transactions that change something."""

    def __init__(self, book: LedgerStore) -> None:
        self._book = book
        self.writes = 0

    def transact(self, scope: str, change: Change[Result]) -> Result:
        def counted(ledger: Ledger, now: float) -> Result:
            before = ledger.to_json()
            result = change(ledger, now)
            self.writes += ledger.to_json() != before
            return result

        return self._book.transact(scope, counted)

    def peek(self, scope: str) -> tuple[Ledger, float]:
        return self._book.peek(scope)


def figures() -> list[Figure]:
    found = []
    with _books() as books:
        for name, book in books.items():
            small, *large = _milliseconds(book)
            for quota, cost in zip(_LARGE, large):
                what = f"processor time of a slot, {quota} with a full record, beside {_SMALL}, {name}"
                found.append(Figure(what, f"{cost:.2f} ms", f"{small:.2f} ms", cost / small, "at most", _GOAL))
    return [*found, _with_shares(), _writes_without_windows()]


@contextlib.contextmanager
def _books() -> Iterator[dict[str, LedgerStore]]:
    with tempfile.TemporaryDirectory() as folder, FakeSplunkd(kvstore=Member(FakeKvStore())) as splunkd:
        redis = RedisProcess(Path(folder)).start()
        try:
            yield {
                "SQLite": SqliteLedgers(Path(folder) / "quota.db", SystemClock()),
                "Redis": RedisLedgers(redis.server()),
                "KV store": book_at(splunkd, SystemClock()),
            }
        finally:
            redis.kill()


def _limiter(book: LedgerStore, quota: str) -> Limiter:
    clock, parsed = SystemClock(), parse_quota(quota)
    shared = Fallback[LedgerStore](book, MemoryLedgers(clock), clock, "alone")
    return Limiter(shared, _SCOPE, lambda: parsed, clock, Heartbeat())


def _milliseconds(book: LedgerStore) -> list[float]:
    """Of a slot at each quota, taken in turn, as a machine is not equally fast all the time."""
    quotas = [_SMALL, *_LARGE]
    times: dict[str, list[float]] = {quota: [] for quota in quotas}
    for _ in range(_ROUNDS):
        for quota in quotas:
            times[quota].append(_one_round(book, quota))
    return [median(times[quota]) * 1000 for quota in quotas]


def _with_shares() -> Figure:
    """A slot while clients have shares, beside one without any."""
    with tempfile.TemporaryDirectory() as folder:
        book = SqliteLedgers(Path(folder) / "quota.db", SystemClock())
        none: list[float] = []
        some: list[float] = []
        for _ in range(_ROUNDS):
            none.append(_one_round(book, _DAILY))
            some.append(_one_round(book, _DAILY, _CLIENTS))
        book.close()
    ratio = median(some) / median(none)
    what = f"processor time of a slot while {len(_CLIENTS)} clients have shares, beside none, SQLite"
    cost, without = f"{median(some) * 1000:.2f} ms", f"{median(none) * 1000:.2f} ms"
    return Figure(what, cost, without, ratio, "at most", _GOAL)


def _one_round(book: LedgerStore, quota: str, clients: Mapping[str, int] = MappingProxyType({})) -> float:
    """The seconds that a slot takes of this thread: neither the heartbeat's nor a fake server's are in it."""
    limiter = _limiter(book, quota)
    claim = Claim(next(iter(clients), ""))
    room = 1 if quota == _SMALL else _SLOTS
    spent = 0.0
    for _ in range(_SLOTS // room):
        _fill(book, quota, room)
        if clients:
            limiter.shares.register(clients)
        for _ in range(room):
            began = time.thread_time()
            with limiter.slot(time.monotonic(), claim=claim) as slot:
                slot.answered()
            spent += time.thread_time() - began
    return spent / _SLOTS


def _fill(book: LedgerStore, quota: str, room: int) -> None:
    """As many requests, evenly over the window, as leave `room`."""
    parsed = parse_quota(quota)
    window = parsed.sliding[0]
    count = window.limit - room

    def fill(ledger: Ledger, now: float) -> None:
        empty = Ledger(boot=ledger.boot, booted_at=ledger.booted_at, max_clock_skew_s=ledger.max_clock_skew_s)
        ledger.__dict__.update(empty.__dict__)
        begin = now - window.seconds * 0.9
        ledger.settled = [begin + window.seconds * 0.9 * place / count for place in range(count)]
        policy.tidy(ledger, parsed, now)

    book.transact(_SCOPE, fill)


def _writes_without_windows() -> Figure:
    """While another process counts, those without windows are in the record, too."""
    book = _Counting(MemoryLedgers(SystemClock()))
    book.transact(_SCOPE, lambda ledger, now: policy.tidy(ledger, parse_quota(_SMALL), now))
    book.writes = 0
    limiter = _limiter(book, "none")
    for _ in range(_SLOTS):
        with limiter.slot(time.monotonic()) as slot:
            slot.answered()
    ratio = book.writes / _SLOTS
    what = "writes to the quota's record for a request with `VT_QUOTA=none`, while others have windows"
    return Figure(what, f"{ratio:.2f}", "1", ratio, "at most", 1.0)
