"""Leases for all processes of all machines that use one server. The server's clock ends them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..clock import Clock
from ..state.redis_server import PREFIX, RedisServer, Script
from .leases import ERROR_LEFT_S, LEASE_S, Lease, Seen

_LEASES = PREFIX + "lease:"
_LEASE_MS = int(LEASE_S * 1000)
_ERROR_MS = int(ERROR_LEFT_S * 1000)

# A lease that lasts for longer than any was made by a clock that has been set back since: it is none.
_FIND = f"""
local function find(key)
  local left = redis.call('PTTL', key)
  if left <= 0 or left > {_LEASE_MS + _ERROR_MS} then return nil end
  local held = redis.call('HMGET', key, 'token', 'waiting', 'error')
  return {{held[1], held[2], held[3], left}}
end
"""

_CLAIM = Script(
    _FIND
    + f"""
local held = find(KEYS[1])
if not held or held[3] then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'token', ARGV[1], 'waiting', '0')
  redis.call('PEXPIRE', KEYS[1], {_LEASE_MS})
  held = find(KEYS[1])
end
return held
"""
)

_PEEK = Script(_FIND + "return find(KEYS[1])")

_WAITING = Script("""
if redis.call('HGET', KEYS[1], 'token') == ARGV[1] then redis.call('HSET', KEYS[1], 'waiting', ARGV[2]) end
""")

_RELEASE = Script(f"""
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return end
if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'error', ARGV[2])
redis.call('PEXPIRE', KEYS[1], {_ERROR_MS})
""")

_RENEW = Script(f"""
for at, key in ipairs(KEYS) do
  if redis.call('HGET', key, 'token') == ARGV[at] then redis.call('PEXPIRE', key, {_LEASE_MS}) end
end
""")


class RedisLeases:
    """`Lease.expires` is told by this machine's clock."""

    def __init__(self, server: RedisServer, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        # What is held from here: leases are renewed by token, and found by key.
        self._held: dict[str, str] = {}

    def claim(self, key: str, token: str) -> Seen:
        found = self._lease(self._server.run(_CLAIM, [_LEASES + key], token))
        assert found is not None, "one who finds no lease has made one"
        if found.token == token:
            self._held[token] = key
        return Seen(found, found.token == token)

    def peek(self, key: str) -> Lease | None:
        return self._lease(self._server.run(_PEEK, [_LEASES + key]))

    def waiting(self, key: str, token: str, waiting: bool) -> None:
        self._server.run(_WAITING, [_LEASES + key], token, int(waiting))

    def release(self, key: str, token: str, error: str | None) -> None:
        self._held.pop(token, None)
        self._server.run(_RELEASE, [_LEASES + key], token, error or "")

    def renew(self, tokens: Collection[str]) -> None:
        held = self._held.copy()
        mine = [token for token in tokens if token in held]
        if mine:
            self._server.run(_RENEW, [_LEASES + held[token] for token in mine], *mine)

    def _lease(self, reply: Any) -> Lease | None:
        if reply is None:
            return None
        token, waiting, error, left_ms = reply
        return Lease(
            _text(token) or "",
            self._clock.now() + left_ms / 1000,
            waiting == b"1",
            _text(error),
        )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")
