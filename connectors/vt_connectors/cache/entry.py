"""An answer at rest."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable
from typing import Any, Literal, NamedTuple, Protocol

from ..state.checksum import checksum

# Bytes. Below, unpacking would take as long as reading; an unknown indicator's entry is a third of it.
_WORTH_COMPRESSING = 400
# What an entry begins with that is not packed; a packed one begins with zlib's "x".
_PLAIN = b"="

# Bytes. An answer of VirusTotal's is 16 MiB at most, an entry's usual size is some KB. What a store has beyond these
# is damage, or was put there to fill the memory of all that read it.
MAX_STORED_BYTES = 8 * 1024 * 1024
_MAX_PLAIN_BYTES = 20 * 1024 * 1024
# Reports are packed to a fifth to a twentieth.
_MOST_UNPACKED, _LEAST_LIMIT = 100, 64 * 1024
_MAX_DEPTH = 100
# Each takes up to 230 bytes of memory, and two in the JSON.
_MAX_VALUES = 1_000_000

_decode = json.JSONDecoder().decode

Found = Literal["ok", "not_found"]
# What stands behind an entry's other parts where it is so, in the order of its fields.
_MARKS = ("awaits_scan", "is_copy")
COPY = "copy"


class Entry(NamedTuple):
    """`report` is `verdict.report`'s shape, without the verdict: thresholds are the reader's.

    `fetched_at` is epoch seconds. `awaits_scan`: a newer report is to be expected. `is_copy`: it is kept once more,
    under another name of its object, and is neither listed nor counted.
    Only answers are entries. Errors are never stored.
    """

    status: Found
    report: dict[str, Any]
    fetched_at: float
    awaits_scan: bool = False
    is_copy: bool = False

    @property
    def listed_as(self) -> str:
        """Its status, or that it is a copy."""
        return COPY if self.is_copy else self.status

    @property
    def is_fleeting(self) -> bool:
        """Whether it may change any minute: nothing is known, no engine has told its opinion yet, or a scan goes on."""
        stats = self.report.get("stats")
        has_no_opinion = isinstance(stats, dict) and stats.get("total") == 0
        return self.awaits_scan or self.status == "not_found" or has_no_opinion

    def has(self, parts: Iterable[str]) -> bool:
        """Whether `raw` or `engines`, where asked for, were kept with it. An unknown indicator has no parts to miss."""
        return self.status == "not_found" or all(part in self.report for part in parts)

    def without(self, parts: Collection[str]) -> Entry:
        """This entry, less these of its report's parts; itself if it has none of them."""
        if not any(part in self.report for part in parts):
            return self
        return self._replace(report={name: value for name, value in self.report.items() if name not in parts})

    def to_bytes(self) -> bytes:
        """Raises `TooLargeToKeep`."""
        marks = [mark for mark in _MARKS if getattr(self, mark)]
        parts = [self.status, self.report, self.fetched_at, *marks]
        text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
        plain = text.encode("utf-8", "surrogatepass")
        if len(plain) < _WORTH_COMPRESSING:
            return b"%b%b%b" % (_PLAIN, checksum(plain), plain)
        packed = zlib.compress(plain)
        if len(packed) > MAX_STORED_BYTES or len(plain) > _limit(packed) or _has_too_much(plain, self.report):
            raise TooLargeToKeep(f"an answer of {len(plain)} bytes is not kept")
        return packed

    @classmethod
    def from_bytes(cls, data: bytes) -> Entry:
        """Raises `ValueError` for anything that `to_bytes` did not write."""
        if len(data) > MAX_STORED_BYTES:
            raise ValueError(f"not a cache entry: it has {len(data)} bytes")
        try:
            plain = _checked(data) if data[:1] == _PLAIN else _unpacked(data)
            if _values(plain) > _MAX_VALUES:
                raise ValueError("not a cache entry: it has too many values")
            status, report, fetched_at, *marks = _decode(plain.decode("utf-8", "surrogatepass"))
            fetched_at = float(fetched_at)
        except (zlib.error, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a cache entry: {error}") from error
        if status not in ("ok", "not_found") or not isinstance(report, dict):
            raise ValueError("not a cache entry")
        if is_deep(plain, report):
            raise ValueError("not a cache entry: it is nested too deeply")
        return cls(status, report, fetched_at, *(mark in marks for mark in _MARKS))


class TooLargeToKeep(ValueError):
    """The answer is used, and not kept."""


def _limit(packed: bytes) -> int:
    """How many bytes `packed` may have unpacked."""
    return min(_MAX_PLAIN_BYTES, _LEAST_LIMIT + _MOST_UNPACKED * len(packed))


def _unpacked(packed: bytes) -> bytes:
    """Raises `ValueError` before more than the limit is in memory, and `zlib.error`."""
    unpacking = zlib.decompressobj()
    plain = unpacking.decompress(packed, _limit(packed) + 1)
    if len(plain) > _limit(packed):
        raise ValueError(f"not a cache entry: more than {_limit(packed)} bytes unpacked")
    if not unpacking.eof:
        raise ValueError("not a cache entry: it is cut off")
    return plain


def _has_too_much(plain: bytes, report: object) -> bool:
    return _values(plain) > _MAX_VALUES or is_deep(plain, report)


def _values(plain: bytes) -> int:
    """At most so many values are in this JSON."""
    return sum(plain.count(mark) for mark in (b",", b"[", b"{")) if len(plain) > 2 * _MAX_VALUES else 0


def is_deep(plain: bytes, value: object) -> bool:
    """Whether `value`, whose JSON is `plain`, is nested more deeply than any report; else it could not be written."""
    if plain.count(b"[") + plain.count(b"{") <= _MAX_DEPTH:
        return False
    layer = [value]
    for _ in range(_MAX_DEPTH):
        layer = [inner for outer in layer for inner in _inside(outer)]
    return bool(layer)


def _inside(value: object) -> Iterable[object]:
    """The containers in a container."""
    values: Iterable[object] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (inner for inner in values if isinstance(inner, (dict, list)))


def _checked(data: bytes) -> bytes:
    """A digit that became another one would be taken for an answer. Packed ones have a checksum of their own."""
    plain = data[9:]
    if data[1:9] != checksum(plain):
        raise ValueError("not a cache entry: its checksum does not fit")
    return plain


def any_entry(entry: Entry) -> bool:
    """For those to whom every entry will do."""
    return True


class AnswerStore(Protocol):
    """The port: entries by key."""

    def get(self, key: str) -> Entry | None: ...

    def get_many(self, keys: Collection[str]) -> dict[str, Entry]:
        """Those of `keys` that are there."""

    def put(self, key: str, entry: Entry) -> bool:
        """Whether it is there now. One that is too large for the store is not."""

    def forget(self, key: str) -> None:
        """As if it had never been put there."""

    def clear(self) -> int:
        """Forget everything; how many entries that were."""

    def keys(self, limit: int, begins: Collection[str] = ()) -> list[tuple[str, str, float]]:
        """The newest `limit` entries as (key, status, fetched_at), those that begin with any of `begins`, if given.

        No copies.
        """

    def stats(self) -> dict[str, Any]:
        """`entries` (without copies), `bytes`, `max_bytes`, `place`."""
