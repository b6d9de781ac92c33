"""Leases for all processes that use one server, on any machine."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ...coalescing.leases import MOST_CHARACTERS, RESULT_LEFT_S, Lease, Result, Seen
from .server import PREFIX, RedisServer, Script

_LEASES = PREFIX + "lease:"
# The lease of a dead holder expires long after the followers have noticed, because the server's clock may be set.
_ABANDONED_MS = 3_600_000

# A full server does not refuse a script if its first write takes no memory, so DEL is first.
_FIND = f"""
local function find(key)
  local held = redis.call('HMGET', key, 'token', 'account', 'beat', 'waiting', 'result')
  if not held[1] then return false end
  -- Larger than any of ours: read as empty.
  if held[5] and #held[5] > {MOST_CHARACTERS} then held[5] = '' end
  return held
end
"""

_CLAIM = Script(
    _FIND
    + f"""
local found = find(KEYS[1])
if found and not found[5] and not (found[1] == ARGV[4] and found[3] == ARGV[5]) then return {{0, found}} end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'account', ARGV[2], 'beat', '0', 'waiting', ARGV[3])
redis.call('PEXPIRE', KEYS[1], {_ABANDONED_MS})
return {{1, found}}
"""
)

_PEEK = Script(_FIND + "return find(KEYS[1])")

_CHANGE = Script("""
redis.call('DEL', KEYS[1] .. ':none')
local held = redis.call('HMGET', KEYS[1], 'token', 'beat', 'result')
if held[1] ~= ARGV[1] or held[3] then return end
redis.call('HSET', KEYS[1], 'beat', string.format('%d', held[2] + 1), ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
""")

_FREE = Script("if redis.call('HGET', KEYS[1], 'token') == ARGV[1] then redis.call('DEL', KEYS[1]) end")

_RENEW = Script(f"""
redis.call('DEL', KEYS[1] .. ':none')
for at, key in ipairs(KEYS) do
  local held = redis.call('HMGET', key, 'token', 'beat', 'result')
  if held[1] == ARGV[at] and not held[3] then
    redis.call('HSET', key, 'beat', string.format('%d', held[2] + 1))
    redis.call('PEXPIRE', key, {_ABANDONED_MS})
  end
end
""")


class RedisLeases:
    """See `leases.LeaseStore`."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        # The keys of leases of this process, by token.
        self._held: dict[str, str] = {}

    def claim(self, key: str, lease: Lease, dead: Lease | None = None) -> Seen:
        token, beat = (dead.token, dead.beat) if dead is not None else ("", "")
        arguments = (lease.token, lease.account, int(lease.waiting), token, beat)
        is_claimed, reply = self._server.run(_CLAIM, [_LEASES + key], *arguments)
        found = _lease(key, reply)
        if not is_claimed:
            assert found is not None, "the script refuses a claim only if there is a lease"
            return Seen(found, False)
        self._held[lease.token] = key
        return Seen(lease, True, found)

    def peek(self, key: str) -> Lease | None:
        return _lease(key, self._server.run(_PEEK, [_LEASES + key]))

    def waiting(self, key: str, token: str, waiting: bool) -> None:
        self._server.run(_CHANGE, [_LEASES + key], token, "waiting", int(waiting), _ABANDONED_MS)

    def release(self, key: str, token: str, result: Result | None, left_s: float = RESULT_LEFT_S) -> None:
        self._held.pop(token, None)
        if result is None:
            self._server.run(_FREE, [_LEASES + key], token)
        else:
            self._server.run(_CHANGE, [_LEASES + key], token, "result", result.to_text(key), int(left_s * 1000))

    def renew(self, tokens: Collection[str]) -> None:
        held = self._held.copy()
        own = [token for token in tokens if token in held]
        if own:
            self._server.run(_RENEW, [_LEASES + held[token] for token in own], *own)


def _lease(key: str, reply: Any) -> Lease | None:
    if not reply:
        return None
    token, account, beat, waiting, result = reply
    left = None if result is None else Result.from_text(key, _text(result))
    return Lease(_text(token), _text(account), int(beat or 0), waiting == b"1", left)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")
