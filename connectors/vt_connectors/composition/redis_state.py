"""The state of several machines: a Redis server that all of them use."""

from __future__ import annotations

from ..cache import Freshness
from ..clock import Clock
from ..config.settings import Settings
from ..errors import ConfigError
from ..light_typing import TYPE_CHECKING
from . import Parts

if TYPE_CHECKING:
    from ..backends.redis.server import Condition as Condition
    from ..backends.redis.server import RedisServer
    from ..backends.redis_url import RedisAddress
    from ..pending import PendingStore


def server_at(address: RedisAddress, clock: Clock) -> RedisServer:
    """The server. Raises `ConfigError` if the client library is not installed."""
    try:
        from ..backends.redis.server import RedisServer
    except ImportError:
        raise ConfigError(f"VT_STATE: {address.scheme}:// is not available here; name a file") from None
    return RedisServer(address, clock)


def parts_at(address: RedisAddress, settings: Settings, clock: Clock) -> Parts:
    """The stores at the server. Raises `ConfigError`."""
    server = server_at(address, clock)
    server.greet()
    from ..backends.redis.answers import RedisAnswers
    from ..backends.redis.leases import RedisLeases
    from ..backends.redis.ledgers import RedisLedgers
    from ..backends.redis.pending import RedisPending

    freshness = Freshness(settings.cache_ttl_s, settings.cache_ttl_not_found_s)
    answers = RedisAnswers(server, freshness.longest_s)
    leases = RedisLeases(server)

    def make_queue() -> PendingStore:
        return RedisPending(server, settings.space)

    return Parts(answers, leases, lambda: RedisLedgers(server), [server.close], make_queue)
