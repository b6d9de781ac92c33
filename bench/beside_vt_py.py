"""Many simultaneous lookups, compared to VirusTotal's own client."""

from __future__ import annotations

import asyncio
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Callable, NamedTuple

import vt

from bench.figures import Figure
from bench.harness import KEY, hashes, sandbox, settings
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.config.settings import settings_from

_COUNT, _AT_ONCE = 2000, 32
_ROUNDS = 5


def figures() -> list[Figure]:
    with sandbox("--quota", "none", "--latency", "50ms") as (url, _):
        pairs = [(_timed(lambda: _ours(url)), _timed(lambda: asyncio.run(_theirs(url)))) for _ in range(_ROUNDS)]
    ours, theirs = (median(times[side].wall_s for times in pairs) for side in (0, 1))
    own, other = (median(times[side].processor_s for times in pairs) / _COUNT * 1000 for side in (0, 1))
    what = f"{_COUNT:,} distinct lookups, server latency 50 ms, {_AT_ONCE} at once, no quota, beside vt-py"
    rates = f"{_COUNT / ours:,.0f}/s", f"{_COUNT / theirs:,.0f}/s"
    note = (
        f"a lookup of ours takes {own:.1f} ms of processor time, of vt-py's {other:.1f} ms. Ours asks whether the "
        "answer is kept or under way anywhere, keeps it for all processes, and reads it to a verdict; threads, which "
        "`requests` wants, cost more than coroutines. The server is a process on the same machine, and slows both."
    )
    return [Figure(what, *rates, theirs / ours, "at least", 0.95, note)]


class _Timed(NamedTuple):
    wall_s: float
    processor_s: float


def _timed(work: Callable[[], None]) -> _Timed:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return _Timed(time.perf_counter() - wall, time.process_time() - processor)


def _ours(url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        given = {name: value for name, value in settings(url, Path(folder) / "s.db").items() if name.startswith("VT_")}
        given.pop("VT_API_KEY")
        core = build(settings_from(given), lambda: ApiKey(KEY), SystemClock())
        requests = [{"action": "lookup_hash", "params": {"hash": value}} for value in hashes(_COUNT)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            statuses = {answer["status"] for answer in pool.map(core.answer, requests)}
        core.close()
    assert statuses <= {"ok", "not_found"}, statuses


async def _theirs(url: str) -> None:
    gate = asyncio.Semaphore(_AT_ONCE)
    async with vt.Client(KEY, host=url) as client:

        async def one(value: str) -> None:
            async with gate:
                try:
                    await client.get_object_async(f"/files/{value}")
                except vt.APIError as error:
                    if error.code != "NotFoundError":
                        raise

        await asyncio.gather(*(one(value) for value in hashes(_COUNT)))
