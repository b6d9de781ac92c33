"""Answers in the server that all machines share."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, Callable

from ..state.redis_server import PREFIX, RedisServer
from .entry import Entry

_ANSWERS = PREFIX + "answer:"
# Before the content stands a line: the status, and when it was fetched. No line is longer than this.
_HEAD_BYTES = 64
_KEYS_AT_ONCE = 500


class RedisAnswers:
    """Each is kept for `keep_s(entry)` seconds; beyond the server's memory, what it does then is the server's policy.

    Fetching times are kept by the server's clock and given by this machine's: machines with clocks that differ
    agree on how old an answer is.
    """

    def __init__(self, server: RedisServer, keep_s: Callable[[Entry], float]) -> None:
        self._server = server
        self._keep_s = keep_s

    def get(self, key: str) -> Entry | None:
        found = self._server.call("GET", _ANSWERS + key)
        return None if found is None else self._entry(key, found)

    def get_many(self, keys: Collection[str]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        wanted = iter(keys)
        while some := list(islice(wanted, _KEYS_AT_ONCE)):
            for key, kept in zip(some, self._server.call("MGET", *(_ANSWERS + key for key in some))):
                entry = None if kept is None else self._entry(key, kept)
                if entry is not None:
                    found[key] = entry
        return found

    def _entry(self, key: str, found: bytes) -> Entry | None:
        """What is kept; what cannot be read goes."""
        try:
            head, _, content = found.partition(b"\n")
            _, fetched_at = self._read(head)
            return Entry.from_bytes(content)._replace(fetched_at=fetched_at)
        except ValueError:
            self.forget(key)
            return None

    def put(self, key: str, entry: Entry) -> None:
        head = f"{entry.status} {entry.fetched_at + self._server.skew()!r}\n".encode()
        keep_ms = max(1, math.ceil(self._keep_s(entry) * 1000))
        self._server.call("SET", _ANSWERS + key, head + entry.to_bytes(), "PX", keep_ms)

    def forget(self, key: str) -> None:
        self._server.call("DEL", _ANSWERS + key)

    def clear(self) -> int:
        return sum(int(self._server.call("UNLINK", *batch)) for batch in self._server.keys(_ANSWERS))

    def keys(self, limit: int) -> list[tuple[str, str, float]]:
        """Looks at the beginning of every answer: for people, not for programs that do it often."""
        rows = {}
        for names, heads in self._every("GETRANGE", 0, _HEAD_BYTES - 1):
            for name, head in zip(names, heads):
                try:
                    rows[name] = self._read(head.partition(b"\n")[0])
                except ValueError:
                    continue
        newest = sorted(rows.items(), key=lambda row: -row[1][1])[:limit]
        return [(name.decode("utf-8", "replace")[len(_ANSWERS) :], *row) for name, row in newest]

    def stats(self) -> dict[str, Any]:
        sizes = {name: size for names, found in self._every("STRLEN") for name, size in zip(names, found)}
        return {"entries": len(sizes), "bytes": sum(sizes.values()), "max_bytes": None, "place": self._server.place}

    def _every(self, command: str, *more: int) -> Iterator[tuple[list[bytes], list[Any]]]:
        """`command` on every answer: names and replies, in batches."""
        for names in self._server.keys(_ANSWERS):
            yield names, self._server.each([(command, name, *more) for name in names])

    def _read(self, head: bytes) -> tuple[str, float]:
        """Raises `ValueError`."""
        status, fetched_at = head.decode("ascii").split(" ")
        return status, float(fetched_at) - self._server.skew()
