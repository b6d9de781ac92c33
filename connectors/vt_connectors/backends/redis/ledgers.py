"""Ledgers for all processes that use one server, on any machine.

A transaction reads, changes, and writes by compare-and-set; if another process wrote meanwhile, it begins again. The
time is the server's, read together with the ledger, so that machines with different clocks agree on every stamp.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

from ...log import logger
from ...quota.ledger import MOST_BYTES, Ledger
from ...quota.ledger_store import LOST, PATIENCE_S, Change, Result
from ...state.fallback import StateBusy, StateUnavailable
from .server import LEDGERS, PREFIX, RedisServer, Script

_LOG = logger("quota")
# A ledger that was not written for this long, nor for its longest window, is not needed any more.
_IDLE_S = 90 * 86400
# Queued writers are notified; they also look this often, in case the notifying process died.
_LOOK_EVERY_S = 0.25
_EVICTED = (
    "the server at %s has no record of the quota for this key, and drops keys when its memory is full: the record may "
    "have been among them, so each sliding window is waited out once, and the day's and month's use counts from zero "
    "until `vtaction quota` takes over the account's own figures; set its maxmemory-policy to noeviction"
)
_RESTARTED = (
    "the server at %s was restarted or replaced: its last changes may be lost, so each sliding window is waited out "
    "once"
)

# A writer whose compare-and-set failed gets the next turn; others queue. A turn that is not used for this long goes to
# the next writer. Turns make it fair; the marks prevent that a writer overwrites a change that it has not read.
_TURN_MS = 500
_STEP = Script(f"""
local ledger, turn, line = KEYS[1], KEYS[2], KEYS[3]
local me, expected = ARGV[1], ARGV[2]
local time = redis.call('TIME')
-- Delete the received notification. A full server does not refuse a script if its first write takes no memory: the
-- quota is counted there too.
redis.call('DEL', line .. ':' .. me)

local function next_turn()
  local first = redis.call('ZPOPMIN', line)[1]
  if first then
    redis.call('SET', turn, first, 'PX', {_TURN_MS})
    redis.call('RPUSH', line .. ':' .. first, '')
    redis.call('PEXPIRE', line .. ':' .. first, {_TURN_MS})
  end
  return first
end

-- If a turn lasts longer than allowed, the clock was set back since it was given.
local left = redis.call('PTTL', turn)
local owner = left > 0 and left <= {_TURN_MS} and redis.call('GET', turn) or next_turn()
if owner and owner ~= me then
  redis.call('ZADD', line, 'NX', string.format('%d.%06d', time[1], time[2]), me)
  redis.call('PEXPIRE', line, {int(PATIENCE_S * 1000)})
  return 0
end

local function info(section, pattern)
  local text = redis.pcall('INFO', section)
  return type(text) == 'string' and string.match(text, pattern) or ''
end
local run, up = info('server', 'run_id:(%w+)'), info('server', 'uptime_in_seconds:(%d+)')
-- A full server may evict a ledger that expires; earlier versions made such ledgers.
redis.pcall('PERSIST', ledger)
local found = redis.call('HMGET', ledger, 'mark', 'store_id', 'run', 'at', 'content')
-- Larger than any of ours: read as damaged.
if found[5] and #found[5] > {MOST_BYTES} then found[5] = '' end
if (found[1] or '') == expected then
  redis.call('HSET', ledger, 'mark', ARGV[3], 'store_id', ARGV[4], 'run', run, 'at', time[1], 'content', ARGV[5])
  redis.call('DEL', turn)
  next_turn()
  return 1
end
if expected ~= 'read' then redis.call('SET', turn, me, 'PX', {_TURN_MS}) end
local evicted, policy = '', ''
if not found[1] then
  evicted = info('stats', 'evicted_keys:(%d+)')
  policy = info('memory', 'maxmemory:([1-9]%d*)') ~= '' and info('memory', 'maxmemory_policy:(%S+)') or ''
end
return {{found[1], found[2], found[3], found[4], found[5], time[1], time[2], run, up, evicted, policy}}
""")
_REMOVE_IDLE = Script(f"""
local now = redis.call('TIME')[1]
for _, ledger in ipairs(KEYS) do
  local found = redis.call('HMGET', ledger, 'at', 'content')
  local known, content = pcall(cjson.decode, found[2] or '')
  local longest = known and type(content) == 'table' and tonumber(content.longest_window_s)
  if longest and tonumber(found[1]) and tonumber(found[1]) + math.max({_IDLE_S}, longest) < tonumber(now) then
    redis.call('DEL', ledger)
  end
end
""")
# Not the mark of any ledger.
_READ = "read"
_WRITTEN, _QUEUED = 1, 0


@dataclass(frozen=True)
class Found:
    """The stored ledger, and the server's time and run id. Times are epoch seconds.

    `mark` changes with each write, `store_id` when a new ledger begins. `run`: the server's run id at the last write,
    which was at `at`. `server_run`: its present run id, since `server_since`. Empty if unknown.
    `may_be_evicted`: there is no ledger, and the server has evicted keys, or may evict any key.
    """

    mark: str
    store_id: str
    run: str
    at: float
    content: bytes | None
    now: float
    server_run: str
    server_since: float
    may_be_evicted: bool


class RedisLedgers:
    """Raises `StateBusy` if other processes were faster for half a minute."""

    def __init__(self, server: RedisServer, patience_s: float = PATIENCE_S) -> None:
        self._server = server
        self._patience_s = patience_s
        self._store_id: dict[str, str] = {}

    def transact(self, scope: str, change: Change[Result]) -> Result:
        turn = _Turn(self._server, scope, self._patience_s)
        reply = turn.take()
        while True:
            found = self._found(reply)
            ledger, loss = self._ledger(scope, found)
            result = change(ledger, found.now)
            after, store_id = ledger.to_json(), found.store_id or secrets.token_hex(4)
            if turn.was_waited_for or after.encode() != found.content:
                reply = turn.write(found.mark, store_id, after)
                if reply != _WRITTEN:
                    continue
            if found.content is None and scope not in self._store_id:
                self._remove_idle()
            self._store_id[scope] = store_id
            if loss:
                _LOG.warning("%s", loss)
            return result

    def peek(self, scope: str) -> tuple[Ledger, float]:
        return self.transact(scope, lambda ledger, now: (ledger, now))

    def _found(self, reply: Any) -> Found:
        mark, store_id, run, at, content, seconds, microseconds, server_run, up_s, evicted, policy = reply
        now = int(seconds) + int(microseconds) / 1e6
        return Found(
            mark=(mark or b"").decode(),
            store_id=(store_id or b"").decode(),
            run=(run or b"").decode(),
            at=float(at or 0),
            content=content,
            now=now,
            server_run=server_run.decode(),
            # The uptime is in whole seconds.
            server_since=min(now, now - float(up_s or 0) + 1.0),
            may_be_evicted=int(evicted or 0) > 0 or policy.startswith(b"allkeys-"),
        )

    def _remove_idle(self) -> None:
        """Remove ledgers of API keys that are no longer used, because ledgers do not expire.

        Done when a ledger begins, because only then their number grows.
        """
        try:
            for ledgers in self._server.keys(LEDGERS):
                self._server.run(_REMOVE_IDLE, [name.decode() for name in ledgers])
        except StateUnavailable as error:
            # The write itself succeeded. The next ledger that begins tries again.
            _LOG.info("old quota records were not removed: %s", error)

    def _ledger(self, scope: str, found: Found) -> tuple[Ledger, str]:
        """The ledger, and a warning if a part of it was lost."""
        try:
            ledger = Ledger() if found.content is None else Ledger.from_json(found.content)
        except ValueError:
            return Ledger(reset_at=found.now), LOST
        if self._store_id.get(scope, found.store_id) != found.store_id:
            # The process that began it again may not have known that a ledger existed.
            ledger.reset_at = found.now
            return ledger, LOST
        if found.content is None and found.may_be_evicted:
            # A new key waits too, because it looks the same as a key whose ledger was evicted.
            ledger.reset_at = found.now
            return ledger, _EVICTED % self._server.place
        if found.run and found.server_run and found.run != found.server_run:
            # A restarted server may have lost its last changes; a replica that took over may have missed any changes.
            since = found.server_since if found.server_since > found.at else found.now
            ledger.reset_at = max(ledger.reset_at, since)
            if since + ledger.longest_window_s > found.now:
                return ledger, _RESTARTED % self._server.place
        return ledger, ""


class _Turn:
    """The access of one transaction to the ledger. A write ends its turn."""

    def __init__(self, server: RedisServer, scope: str, patience_s: float) -> None:
        self._server = server
        self._keys = [LEDGERS + scope, f"{PREFIX}turn:{scope}", f"{PREFIX}line:{scope}"]
        self._me = secrets.token_hex(8)
        self._give_up = time.monotonic() + patience_s
        self.was_waited_for = False

    def take(self) -> Any:
        """The ledger."""
        return self._step(_READ)

    def write(self, mark: str, store_id: str, content: str) -> Any:
        """`_WRITTEN`, or the ledger if another process wrote it meanwhile."""
        return self._step(mark, secrets.token_hex(8), store_id, content)

    def _step(self, *arguments: str) -> Any:
        reply = self._server.run(_STEP, self._keys, self._me, *arguments)
        while reply == _QUEUED:
            if time.monotonic() > self._give_up:
                raise StateBusy(f"the quota record at {self._server.place} is locked by other processes")
            self._server.call("BLPOP", f"{self._keys[2]}:{self._me}", _LOOK_EVERY_S)
            reply = self._server.run(_STEP, self._keys, self._me, _READ)
            self.was_waited_for = True
        if reply != _WRITTEN and arguments[0] != _READ:
            self.was_waited_for = True
        return reply
