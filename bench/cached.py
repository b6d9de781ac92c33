"""The speed of reading a cached answer: from this process's memory, and from the file that all processes share."""

from __future__ import annotations

import json
import random
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

from cachetools import TTLCache

from bench.figures import Figure
from bench.harness import hashes, seconds
from vt_connectors.backends.memory.answers import MemoryAnswers
from vt_connectors.backends.sqlite.answers import SCHEMA, SqliteAnswers
from vt_connectors.backends.sqlite.file import SqliteFile
from vt_connectors.cache import AnswerCache, Entry
from vt_connectors.cache.entry import AnswerStore, unpacked_text
from vt_connectors.clock import SystemClock
from vt_connectors.state.fallback import Fallback

_COUNT = 4000
_BY_KEY = "SELECT content, CAST(used_at AS REAL) FROM answer WHERE key = ?"
_STATS = {"malicious": 3, "suspicious": 0, "harmless": 0, "undetected": 60, "total": 63}
_OPINIONS = {
    "malicious": {"Avast": "Win32:Agent-A [Trj]", "Ikarus": "Trojan.Agent", "Zillya": "Trojan.Emotet.Win32.12"},
    "undetected": (
        "ALYac|APEX|AVG|Acronis|AhnLab-V3|Alibaba|Antiy-AVL|Arcabit|Avira|Baidu|BitDefender|Bkav|CAT-QuickHeal|CMC|"
        "CTX|ClamAV|CrowdStrike|Cylance|Cynet|DeepInstinct|DrWeb|ESET-NOD32|Elastic|Emsisoft|F-Secure|Fortinet|GData|"
        "Google|Gridinsoft|Jiangmin|K7AntiVirus|K7GW|Kaspersky|Kingsoft|Lionic|Malwarebytes|MaxSecure|McAfeeD|"
        "MicroWorld-eScan|Microsoft|NANO-Antivirus|Paloalto|Panda|Rising|SUPERAntiSpyware|Sangfor|SentinelOne|Skyhigh|"
        "Sophos|Symantec|TACHYON|Tencent|Trapmine|TrellixENS|TrendMicro|VBA32|VIPRE|Varist|ViRobot|VirIT"
    ),
}


def report(value: str) -> dict[str, object]:
    """A file's report with the median length of recorded ones, about 1,700 bytes of JSON."""
    return {
        "type": "hash",
        "indicator": value,
        "id": value,
        "stats": _STATS,
        "opinions": _OPINIONS,
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

    def content(key: str) -> Any:
        return plain.execute("SELECT content FROM answer WHERE key = ?", (key,)).fetchone()[0]

    ours = _each(lambda key: cache.find_shared(key, lambda entry: True), keys)
    raw = _each(content, keys)
    packed = [content(key) for key in keys]
    plain.close()
    note = _parts(ours, raw, path, keys, packed)
    what = "cached answers from the shared file, beside a raw SQLite read by key"
    return Figure(what, f"{1e6 / ours:,.0f}/s", f"{1e6 / raw:,.0f}/s", raw / ours, "at least", 0.3, note)


def _parts(ours: float, raw: float, path: Path, keys: list[str], packed: list[bytes]) -> str:
    """The parts of the time of a read."""
    file = SqliteFile(path, SCHEMA, "WAL")
    guarded = _each(lambda key: file.read(lambda db: db.execute(_BY_KEY, (key,)).fetchone()), keys)
    file.close()
    texts = [unpacked_text(content) for content in packed]
    unpacked, parsed = _each(unpacked_text, packed), _each(json.loads, texts)
    size = sum(map(len, texts)) / len(texts)
    return (
        f"of {ours:.0f} us, {raw:.0f} are SQLite's own, {guarded - raw:.0f} make sure that the file at the path is the "
        f"one that is open, that no fork is between and that damage is noticed, {unpacked:.0f} unpack and {parsed:.0f} "
        f"parse an answer of {size:.0f} bytes of JSON, the median of recorded ones; the rest judges its age, keeps "
        f"it in memory, and is the garbage collector's. Unpacking and parsing alone take "
        f"{(unpacked + parsed) / raw:.1f} times as long as the "
        "yardstick, so 0.3 x is out of reach for answers of this length: not packed they would take more than the "
        "700 bytes on disk, and what parses faster than the standard library's JSON is not pure Python. A search "
        "command does not read one by one: it reads all of a chunk at once."
    )


def _each(work: Callable[[Any], Any], values: Sequence[Any]) -> float:
    """The median time of `work` for one of `values`, in microseconds."""

    def all_of_them() -> None:
        for value in values:
            work(value)

    return seconds(all_of_them) / len(values) * 1e6


def _near(cache: AnswerCache, keys: list[str]) -> Figure:
    plain: TTLCache[str, int] = TTLCache(2 * _COUNT, 300.0)
    plain.update((key, 1) for key in keys)
    ours = _each(lambda key: cache.find(key, lambda entry: True), keys)
    raw = _each(plain.__getitem__, keys)
    what = "cached answers from memory, beside `cachetools.TTLCache` (time of one)"
    return Figure(what, f"{ours:.2f} us", f"{raw:.2f} us", ours / raw, "at most", 5.0)
