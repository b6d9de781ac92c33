"""The queue for all processes that use one server, on any machine. Its times are the server's."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from ...pending.queue import LONGEST_S, MOST_KEY_CHARACTERS, PendingLookup
from .server import PENDING, RedisServer, Script

_LONGEST_MS = int(LONGEST_S * 1000)
_KEYS_AT_ONCE = 500

# Entries are the members of `order`, scored by their time in milliseconds; `bits` has the requested parts of some.
# Neither expires, because a full server may evict keys that do. Each script deletes entries that are too old, and an
# empty queue takes no memory. A full server does not refuse a script if its first write takes no memory.
_BEGIN = f"""
local order, wanted, refused = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local too_old = '(' .. string.format('%d', now - {_LONGEST_MS})
local old = redis.call('ZRANGEBYSCORE', order, '-inf', too_old)
redis.call('ZREMRANGEBYSCORE', order, '-inf', too_old)
for _, key in ipairs(old) do redis.call('HDEL', wanted, key) end
if redis.call('EXISTS', order) == 0 then redis.call('DEL', wanted) end
-- Earlier versions let them expire.
redis.call('PERSIST', order)
redis.call('PERSIST', wanted)
"""

# Within a millisecond, the order is that of the calls, and of the entries of each call.
_PUT_MANY = Script(
    _BEGIN
    + f"""
local most, refusals, size, found = tonumber(ARGV[1]), tonumber(ARGV[2]), redis.call('ZCARD', order), {{}}
local last = tonumber(redis.call('ZRANGE', order, -1, -1, 'WITHSCORES')[2] or 0)
if now <= last and last < now + 1 then now = last end
for at = 3, #ARGV, 2 do
  local key, bits = ARGV[at], tonumber(ARGV[at + 1])
  local is_there = redis.call('ZSCORE', order, key)
  if not is_there and size < most then
    redis.call('HDEL', wanted, key)
    redis.call('ZADD', order, string.format('%.17g', now + at / {4 * _KEYS_AT_ONCE}), key)
    size, is_there = size + 1, true
  end
  if is_there then
    local before = redis.call('HGET', wanted, key)
    local both = bit.bor(tonumber(before or 0), bits)
    if tonumber(before or -1) ~= both then redis.call('HSET', wanted, key, both) end
  else
    refusals = refusals + 1
  end
  found[#found + 1] = is_there and 1 or 0
end
if refusals > 0 then
  redis.call('INCRBY', refused, refusals)
  redis.call('PEXPIRE', refused, {_LONGEST_MS})
end
return found
"""
)

_OLDEST = Script(
    _BEGIN
    + """
local found, key = {}, nil
for at, text in ipairs(redis.call('ZRANGE', order, 0, ARGV[1] - 1, 'WITHSCORES')) do
  if at % 2 == 1 then
    key = text
  elseif #key <= tonumber(ARGV[2]) then
    found[#found + 1] = key
    found[#found + 1] = text
    found[#found + 1] = redis.call('HGET', wanted, key) or '0'
  end
end
return found
"""
)

_REMOVE = Script("""
if (redis.call('HGET', KEYS[2], ARGV[1]) or '0') == ARGV[2] then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
end
""")

_CLEAR = Script(
    _BEGIN
    + """
local count = redis.call('ZCARD', order)
redis.call('DEL', order, wanted, refused)
return count
"""
)

_STATS = Script(
    _BEGIN
    + """
return {redis.call('ZCARD', order), redis.call('ZRANGE', order, 0, 0, 'WITHSCORES')[2] or false,
        redis.call('GET', refused) or '0'}
"""
)


class RedisPending:
    """`version`: of the API. Entries of another version are not seen. `queued_at` is by this machine's clock."""

    def __init__(self, server: RedisServer, version: str) -> None:
        self._server = server
        self._keys = [f"{PENDING}{version}:{name}" for name in ("order", "bits", "refused")]

    def put_many(self, wanted: Mapping[str, int], most: int, refused: int = 0) -> set[str]:
        queued: set[str] = set()
        rest = iter(wanted.items())
        while (some := list(islice(rest, _KEYS_AT_ONCE))) or refused:
            flat = [text for entry in some for text in entry]
            found = self._server.run(_PUT_MANY, self._keys, most, refused, *flat)
            queued.update(key for (key, _), is_there in zip(some, found) if is_there)
            refused = 0
        return queued

    def oldest(self, count: int) -> list[PendingLookup]:
        if count <= 0:
            return []
        found = self._server.run(_OLDEST, self._keys, count, MOST_KEY_CHARACTERS * 4)
        rows = zip(found[::3], found[1::3], found[2::3])
        return [PendingLookup(key.decode("utf-8", "replace"), self._here(at), int(bits)) for key, at, bits in rows]

    def remove(self, entry: PendingLookup) -> None:
        self._server.run(_REMOVE, self._keys, entry.key, entry.parts_mask)

    def clear(self) -> int:
        return int(self._server.run(_CLEAR, self._keys))

    def stats(self) -> dict[str, Any]:
        entries, since, refused = self._server.run(_STATS, self._keys)
        return {
            "entries": int(entries),
            "refused": int(refused),
            "since": None if since is None else self._here(since),
        }

    def _here(self, score: bytes) -> float:
        return float(score) / 1000 - self._server.skew()
