"""A Redis or Valkey server for the stores. Every call has a timeout, and every failure is `StateUnavailable`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Callable, TypeVar

from ...clock import Clock
from ...errors import ConfigError
from ...state.fallback import StateUnavailable
from ..redis_url import RedisAddress
from .client import ANSWER_S, Client, Word, client

# The prefix of all keys. A version with another format of values increments the number, and starts empty.
PREFIX = "vt-connectors:1:"
# Keys that a full server must not evict, so they do not expire: the quota record and the queue.
LEDGERS = PREFIX + "ledger:"
PENDING = PREFIX + "pending:"
_LASTING = (LEDGERS, f"{PENDING}*:order", f"{PENDING}*:bits")

# After a failed connection, other threads and parts fail at once for this long, instead of each waiting.
_GONE_FOR_S = 30.0
_SKEW_HOLDS_S = 60.0
# Clocks that differ by less count as equal.
_SKEW_S = 2.0
_BATCH = 500
# `doctor` examines at most this many keys, because others may use the server too.
_LOOKED_AT = 200_000

Result = TypeVar("Result")


class ServerFull(StateUnavailable):
    """The server has no memory left, and evicts nothing."""


class Script:
    """A Lua script, which the server runs atomically."""

    def __init__(self, text: str) -> None:
        self.text = text
        # The server's name of the script, not for security.
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Condition:
    """A server's state for `doctor`. `latency_s`: of one call. `ahead_s`: its clock minus this machine's.

    `most_bytes`: the memory limit, 0 if there is none. `policy`: what it evicts at the limit. `evicted`: how many keys
    it has evicted so far. `bytes`: the used memory. `ending`: how many keys of the quota record and the queue expire,
    although none should.
    """

    version: str
    latency_s: float
    ahead_s: float
    most_bytes: int
    policy: str
    keeps_a_log: bool
    bytes: int
    evicted: int
    ending: int


class RedisServer:
    """For all threads of a process, and for its forks. `answer_s`: how long to wait for a reply.

    Raises `ConfigError` if redis-py is not installed.
    """

    def __init__(self, address: RedisAddress, clock: Clock, answer_s: float = ANSWER_S) -> None:
        self.place = address.place
        self._clock = clock
        self._client = client(address, answer_s)
        self._gone: tuple[float, str] | None = None
        self._skew: tuple[float, float] | None = None

    def __repr__(self) -> str:
        return f"RedisServer({self.place})"

    def call(self, *words: Word) -> Any:
        """The reply to one command."""
        return self._guarded(lambda client: client.execute_command(*words))

    def run(self, script: Script, keys: Sequence[str], *arguments: Word) -> Any:
        """The reply of the script, which runs atomically."""
        words = (script.sha, len(keys), *keys, *arguments)

        def work(client: Client) -> Any:
            from redis.exceptions import NoScriptError

            try:
                return client.execute_command("EVALSHA", *words)
            except NoScriptError:
                return client.execute_command("EVAL", script.text, *words[1:])

        return self._guarded(work)

    def each(self, commands: Sequence[Sequence[Word]]) -> list[Any]:
        """The replies to commands that are sent together, but do not run atomically."""

        def work(client: Client) -> list[Any]:
            pipeline = client.pipeline(transaction=False)
            for words in commands:
                pipeline.execute_command(*words)
            return list(pipeline.execute())

        return self._guarded(work) if commands else []

    def keys(self, begin: str, most: int | None = None) -> Iterator[list[bytes]]:
        """The keys that begin with `begin`, in batches. A key may come twice, and a key made meanwhile may be missing.

        `most`: about how many keys of any name are examined; None: all.
        """
        cursor = 0
        for seen in count(_BATCH, _BATCH):
            # Not KEYS, which would block all other clients.
            cursor, found = self.call("SCAN", cursor, "MATCH", begin + "*", "COUNT", _BATCH)
            if found:
                yield list(found)
            if int(cursor) == 0 or (most is not None and seen >= most):
                return

    def skew(self) -> float:
        """How many whole seconds the server's clock is ahead of this machine's; 0 for a small difference."""
        known, now = self._skew, self._clock.monotonic()
        if known is None or now - known[1] > _SKEW_HOLDS_S:
            ahead = self._ahead()
            known = self._skew = (float(round(ahead)) if abs(ahead) >= _SKEW_S else 0.0, now)
        return known[0]

    def _ahead(self) -> float:
        seconds, microseconds = self.call("TIME")
        return float(seconds) + float(microseconds) / 1e6 - self._clock.now()

    def greet(self) -> None:
        """Raises `ConfigError` for a wrong password or user. An unreachable server is not an error here."""
        from redis.exceptions import AuthenticationError

        try:
            self.call("PING")
        except StateUnavailable as error:
            if isinstance(error.__cause__, AuthenticationError):
                raise ConfigError(
                    f"VT_STATE: {self.place} refuses the user or the password ({_reason(error.__cause__)})"
                ) from None

    def examine(self) -> Condition:
        """Read the server's state, and try to write. Raises `StateUnavailable`."""
        self.call("SET", PREFIX + "probe", "1", "EX", 1)
        before = self._clock.monotonic()
        ahead = self._ahead()
        latency = self._clock.monotonic() - before
        info: dict[str, Any] = {}
        for section in ("server", "memory", "persistence", "stats"):
            info.update(self.call("INFO", section))
        name = "Valkey" if info.get("valkey_version") else "Redis"
        return Condition(
            version=f"{name} {info.get('valkey_version') or info.get('redis_version', '?')}",
            latency_s=latency,
            ahead_s=ahead - latency / 2,
            most_bytes=int(info.get("maxmemory", 0)),
            policy=str(info.get("maxmemory_policy", "unknown")),
            keeps_a_log=bool(int(info.get("aof_enabled", 0))),
            bytes=int(info.get("used_memory", 0)),
            evicted=int(info.get("evicted_keys", 0)),
            ending=sum(map(self._ending, _LASTING)),
        )

    def _ending(self, begin: str) -> int:
        names = {name for batch in self.keys(begin, _LOOKED_AT) for name in batch}
        return sum(int(left) >= 0 for left in self.each([("PTTL", name) for name in names]))

    def close(self) -> None:
        """Close all connections. No thread may be using one. A later call opens a new one."""
        self._client.connection_pool.disconnect()

    def _guarded(self, work: Callable[[Client], Result]) -> Result:
        import redis

        gone = self._gone
        if gone is not None and self._clock.monotonic() < gone[0]:
            raise StateUnavailable(gone[1])
        try:
            return work(self._client)
        except (redis.RedisError, OSError) as error:
            text = f"{self.place} cannot be used ({_reason(error)})"
            if isinstance(error, (redis.ConnectionError, redis.TimeoutError, OSError)):
                self._gone = self._clock.monotonic() + _GONE_FOR_S, text
            kind = ServerFull if isinstance(error, redis.exceptions.OutOfMemoryError) else StateUnavailable
            raise kind(text) from error


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
