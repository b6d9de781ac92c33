"""Answers in a server that machines share."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, Callable

from ...cache.entry import COPY, MAX_STORED_BYTES, Entry, TooLargeToKeep
from .server import PREFIX, RedisServer, Script, ServerFull

_ANSWERS = PREFIX + "answer:"
# The content begins with a line: the status and the fetching time. No line is longer than this.
_HEAD_BYTES = 64
_KEYS_AT_ONCE = 500
# In a full server: how many answers are examined to find those to delete, and how often this is done for one write.
_SEEN_FOR_ROOM = 2000
_TRIES = 8
# Bytes of one reply; answers that do not fit are left out.
_MOST_REPLIED = 64 * 1024 * 1024
# The answers; empty for one that is larger than any of ours or is not a string.
_GET = Script(f"""
local found, room = {{}}, {_MOST_REPLIED}
for at, key in ipairs(KEYS) do
  local size = redis.pcall('STRLEN', key)
  if type(size) ~= 'number' or size > {_HEAD_BYTES + MAX_STORED_BYTES} then
    found[at] = ''
  elseif size > room then
    found[at] = false
  else
    room = room - size
    found[at] = redis.call('GET', key)
  end
end
return found
""")


class RedisAnswers:
    """Each answer is stored for `keep_s(entry)` seconds. If the server is full and evicts nothing, answers are deleted.

    Fetching times are stored by the server's clock and returned by this machine's clock, so that machines with
    different clocks agree on the age of an answer.
    """

    def __init__(self, server: RedisServer, keep_s: Callable[[Entry], float]) -> None:
        self._server = server
        self._keep_s = keep_s

    def get(self, key: str) -> Entry | None:
        return self.get_many([key]).get(key)

    def get_many(self, keys: Collection[str]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        rest = iter(keys)
        while some := list(islice(rest, _KEYS_AT_ONCE)):
            for key, stored in zip(some, self._server.run(_GET, [_ANSWERS + key for key in some])):
                entry = None if stored is None else self._entry(key, stored)
                if entry is not None:
                    found[key] = entry
        return found

    def _entry(self, key: str, found: bytes) -> Entry | None:
        """The stored entry. An unreadable one is deleted."""
        try:
            head, _, content = found.partition(b"\n")
            _, fetched_at = self._read(head)
            return Entry.from_bytes(content)._replace(fetched_at=fetched_at)
        except ValueError:
            self.forget(key)
            return None

    def put(self, key: str, entry: Entry) -> bool:
        try:
            content = entry.to_bytes()
        except TooLargeToKeep:
            self.forget(key)
            return False
        head = f"{entry.listed_as} {entry.fetched_at + self._server.skew()!r}\n".encode()
        keep_ms = max(1, math.ceil(self._keep_s(entry) * 1000))
        command = ("SET", _ANSWERS + key, head + content, "PX", keep_ms)
        for _ in range(_TRIES):
            try:
                self._server.call(*command)
                return True
            except ServerFull:
                if not self._make_room():
                    raise
        self._server.call(*command)
        return True

    def _make_room(self) -> bool:
        """Delete the eighth of the examined answers that expires soonest. False if there are none."""
        names = [name for batch in self._server.keys(_ANSWERS, _SEEN_FOR_ROOM) for name in batch]
        left = self._server.each([("PTTL", name) for name in names])
        soonest = sorted(zip(left, names))[: math.ceil(len(names) / 8)]
        # Not UNLINK, which frees the memory later.
        return bool(soonest) and bool(self._server.call("DEL", *(name for _, name in soonest)))

    def forget(self, key: str) -> None:
        self._server.call("DEL", _ANSWERS + key)

    def clear(self) -> int:
        count = int(self.stats()["entries"])
        for batch in self._server.keys(_ANSWERS):
            self._server.call("UNLINK", *batch)
        return count

    def keys(self, limit: int, begins: Collection[str] = ()) -> list[tuple[str, str, float]]:
        """Reads the beginning of every answer, so it is not for frequent use."""
        rows = {}
        for names, heads in self._every("GETRANGE", 0, _HEAD_BYTES - 1):
            for name, head in zip(names, heads):
                key = name.decode("utf-8", "replace")[len(_ANSWERS) :]
                if begins and not key.startswith(tuple(begins)):
                    continue
                try:
                    row = self._read(head.partition(b"\n")[0])
                except ValueError:
                    continue
                if row[0] != COPY:
                    rows[key] = row
        newest = sorted(rows.items(), key=lambda row: -row[1][1])[:limit]
        return [(key, *row) for key, row in newest]

    def stats(self) -> dict[str, Any]:
        sizes = {name: size for names, found in self._every("STRLEN") for name, size in zip(names, found)}
        copy = f"{COPY} ".encode()
        begins = {
            name: begin
            for names, found in self._every("GETRANGE", 0, len(copy) - 1)
            for name, begin in zip(names, found)
        }
        entries = sum(begins.get(name) != copy for name in sizes)
        return {"entries": entries, "bytes": sum(sizes.values()), "max_bytes": None, "place": self._server.place}

    def _every(self, command: str, *more: int) -> Iterator[tuple[list[bytes], list[Any]]]:
        """Run `command` on every answer: names and replies, in batches."""
        for names in self._server.keys(_ANSWERS):
            yield names, self._server.each([(command, name, *more) for name in names])

    def _read(self, head: bytes) -> tuple[str, float]:
        """Raises `ValueError`."""
        status, fetched_at = head.decode("ascii").split(" ")
        return status, float(fetched_at) - self._server.skew()
