"""Many lookups at once, beside VirusTotal's own client."""

from __future__ import annotations

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import vt

from bench.figures import Figure
from bench.house import KEY, hashes, sandbox, seconds, settings
from connectors.api_key import ApiKey
from connectors.clock import SystemClock
from connectors.composition import build
from connectors.settings import settings_from

_COUNT, _AT_ONCE = 2000, 32
_ROUNDS = 5


def figures() -> list[Figure]:
    with sandbox("--quota", "none", "--latency", "50ms") as (url, _):
        ours = seconds(lambda: _ours(url), _ROUNDS)
        theirs = seconds(lambda: asyncio.run(_theirs(url)), _ROUNDS)
    what = f"{_COUNT:,} distinct lookups, server latency 50 ms, {_AT_ONCE} at once, no quota, beside vt-py"
    rates = f"{_COUNT / ours:,.0f}/s", f"{_COUNT / theirs:,.0f}/s"
    return [Figure(what, *rates, theirs / ours, "at least", 0.95)]


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
