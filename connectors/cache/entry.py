"""An answer at rest."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable
from typing import Any, Literal, NamedTuple, Protocol

# Bytes. Below, unpacking would take as long as reading; an unknown indicator's entry is a third of it.
_WORTH_COMPRESSING = 400
# What an entry begins with that is not packed; a packed one begins with zlib's "x".
_PLAIN = b"="

_decode = json.JSONDecoder().decode

Found = Literal["ok", "not_found"]


class Entry(NamedTuple):
    """`report` is `verdict.report`'s shape, without the verdict: thresholds are the reader's.

    `fetched_at` is epoch seconds.
    Only answers are entries. Errors are never stored.
    """

    status: Found
    report: dict[str, Any]
    fetched_at: float

    @property
    def is_fleeting(self) -> bool:
        """Whether it may change any minute: nothing is known, or no engine has told its opinion yet."""
        stats = self.report.get("stats")
        return self.status == "not_found" or (isinstance(stats, dict) and stats.get("total") == 0)

    def has(self, parts: Iterable[str]) -> bool:
        """Whether `raw` or `engines`, where asked for, were kept with it. An unknown indicator has no parts to miss."""
        return self.status == "not_found" or all(part in self.report for part in parts)

    def to_bytes(self) -> bytes:
        text = json.dumps([self.status, self.report, self.fetched_at], separators=(",", ":"), ensure_ascii=False)
        plain = text.encode("utf-8", "surrogatepass")
        if len(plain) < _WORTH_COMPRESSING:
            return b"%b%08x%b" % (_PLAIN, zlib.crc32(plain), plain)
        return zlib.compress(plain)

    @classmethod
    def from_bytes(cls, data: bytes) -> Entry:
        """Raises `ValueError` for anything that `to_bytes` did not write."""
        try:
            plain = _checked(data) if data[:1] == _PLAIN else zlib.decompress(data)
            status, report, fetched_at = _decode(plain.decode("utf-8", "surrogatepass"))
            fetched_at = float(fetched_at)
        except (zlib.error, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a cache entry: {error}") from error
        if status not in ("ok", "not_found") or not isinstance(report, dict):
            raise ValueError("not a cache entry")
        return cls(status, report, fetched_at)


def _checked(data: bytes) -> bytes:
    """A digit that became another one would be taken for an answer. Packed ones have a checksum of their own."""
    checksum, plain = data[1:9], data[9:]
    if checksum != b"%08x" % zlib.crc32(plain):
        raise ValueError("not a cache entry: its checksum does not fit")
    return plain


class AnswerStore(Protocol):
    """The port: entries by key."""

    def get(self, key: str) -> Entry | None: ...

    def get_many(self, keys: Collection[str]) -> dict[str, Entry]:
        """Those of `keys` that are there."""

    def put(self, key: str, entry: Entry) -> None: ...

    def forget(self, key: str) -> None:
        """As if it had never been put there."""

    def clear(self) -> int:
        """Forget everything; how many entries that were."""

    def keys(self, limit: int) -> list[tuple[str, str, float]]:
        """The newest `limit` entries as (key, status, fetched_at)."""

    def stats(self) -> dict[str, Any]:
        """`entries`, `bytes`, `max_bytes`, `place`."""
