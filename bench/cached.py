"""How fast a kept answer is found: in this process's memory, and in the file all processes share."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from pathlib import Path

from cachetools import TTLCache

from bench.figures import Figure
from bench.house import hashes, seconds
from connectors.cache import AnswerCache, Entry
from connectors.cache.entry import AnswerStore
from connectors.cache.memory import MemoryAnswers
from connectors.cache.sqlite import SCHEMA, SqliteAnswers
from connectors.clock import SystemClock
from connectors.state.sqlite_file import SqliteFile
from connectors.state.unavailable import Fallback

_COUNT = 4000
_STATS = {"malicious": 3, "suspicious": 0, "harmless": 0, "undetected": 60, "total": 63}


def report(value: str) -> dict[str, object]:
    """As long as the median of recorded answers is, about 800 bytes of JSON, and of the shape of a file's."""
    return {
        "type": "hash",
        "indicator": value,
        "id": value,
        "stats": _STATS,
        "reputation": -12,
        "votes": {"harmless": 2, "malicious": 23},
        "tags": ["peexe", "overlay", "signed"],
        "first_seen": "2021-12-05T01:35:26Z",
        "last_analysis": "2025-06-04T22:12:46Z",
        "label": "trojan.emotet/agent",
        "names": [f"sample-{value[:12]}.exe", "setup.exe", "invoice 2021-12.exe"],
        "hashes": {"md5": value[:32], "sha1": value[:40], "sha256": value},
        "size": 123456,
        "file_type": "Win32 EXE",
        "link": f"https://www.virustotal.com/gui/file/{value}",
    }


def figures() -> list[Figure]:
    keys = [f"v3:hash:{value}" for value in hashes(_COUNT)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        store, near = _stores(path)
        cache = AnswerCache(near, store)
        for key in keys:
            cache.put(key, Entry("ok", dict(report(key[8:])), SystemClock().now()))
        random.Random(1).shuffle(keys)
        return [_shared(cache, path, keys), _near(cache, keys)]


def _stores(path: Path) -> tuple[Fallback[AnswerStore], MemoryAnswers]:
    clock = SystemClock()
    answers: AnswerStore = SqliteAnswers(SqliteFile(path, SCHEMA, "WAL"), clock, 10**9)
    return Fallback(answers, answers, clock, "bench"), MemoryAnswers(clock, 2 * _COUNT, 300.0)


def _shared(cache: AnswerCache, path: Path, keys: list[str]) -> Figure:
    plain = sqlite3.connect(path)

    def raw() -> None:
        for key in keys:
            plain.execute("SELECT content FROM answer WHERE key = ?", (key,)).fetchone()

    def ours() -> None:
        for key in keys:
            assert cache.find_shared(key, lambda entry: True) is not None

    fast, slow = _COUNT / seconds(ours), _COUNT / seconds(raw)
    plain.close()
    what = "cached answers from the shared file, beside a raw SQLite read by key"
    return Figure(what, f"{fast:,.0f}/s", f"{slow:,.0f}/s", fast / slow, "at least", 0.3)


def _near(cache: AnswerCache, keys: list[str]) -> Figure:
    plain: TTLCache[str, int] = TTLCache(2 * _COUNT, 300.0)
    plain.update((key, 1) for key in keys)

    def raw() -> None:
        for key in keys:
            plain[key]

    def ours() -> None:
        for key in keys:
            assert cache.find(key, lambda entry: True) is not None

    slow, fast = seconds(ours), seconds(raw)
    what = "cached answers from memory, beside `cachetools.TTLCache` (time of one)"
    figures = (f"{slow / _COUNT * 1e6:.2f} us", f"{fast / _COUNT * 1e6:.2f} us")
    return Figure(what, *figures, slow / fast, "at most", 5.0)
