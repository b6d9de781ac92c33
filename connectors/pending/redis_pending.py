"""The queue for all processes of all machines that use one server. Its times are the server's."""

from __future__ import annotations

from typing import Any

from ..state.redis_server import PREFIX, RedisServer, Script
from .queue import LONGEST_S, Wanted

_PENDING = PREFIX + "pending:"
_LONGEST_MS = int(LONGEST_S * 1000)

# Entries are the members of `order`, scored by when they came, in milliseconds; `bits` has what some of them want.
_BEGIN = f"""
local order, wanted, refused = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local old = redis.call('ZRANGEBYSCORE', order, '-inf', '(' .. string.format('%d', now - {_LONGEST_MS}))
for _, key in ipairs(old) do
  redis.call('ZREM', order, key)
  redis.call('HDEL', wanted, key)
end
"""

_PUT = Script(
    _BEGIN
    + f"""
local key, bits, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if not redis.call('ZSCORE', order, key) then
  if redis.call('ZCARD', order) >= most then
    redis.call('INCR', refused)
    redis.call('PEXPIRE', refused, {_LONGEST_MS})
    return 0
  end
  redis.call('HDEL', wanted, key)
  redis.call('ZADD', order, now, key)
end
local before = tonumber(redis.call('HGET', wanted, key) or 0)
redis.call('HSET', wanted, key, bit.bor(before, bits))
redis.call('PEXPIRE', order, {_LONGEST_MS})
redis.call('PEXPIRE', wanted, {_LONGEST_MS})
return 1
"""
)

_OLDEST = Script(
    _BEGIN
    + """
local found = {}
for at, text in ipairs(redis.call('ZRANGE', order, 0, ARGV[1] - 1, 'WITHSCORES')) do
  found[#found + 1] = text
  if at % 2 == 0 then found[#found + 1] = redis.call('HGET', wanted, found[#found - 1]) or '0' end
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
    """`version`: the API's. Entries of another are not seen. `queued_at` is told by this machine's clock."""

    def __init__(self, server: RedisServer, version: str) -> None:
        self._server = server
        self._keys = [f"{_PENDING}{version}:{name}" for name in ("order", "bits", "refused")]

    def put(self, key: str, bits: int, most: int) -> bool:
        return bool(self._server.run(_PUT, self._keys, key, bits, most))

    def oldest(self, count: int) -> list[Wanted]:
        if count <= 0:
            return []
        found = self._server.run(_OLDEST, self._keys, count)
        rows = zip(found[::3], found[1::3], found[2::3])
        return [Wanted(key.decode("utf-8", "replace"), self._here(at), int(bits)) for key, at, bits in rows]

    def remove(self, entry: Wanted) -> None:
        self._server.run(_REMOVE, self._keys, entry.key, entry.bits)

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
