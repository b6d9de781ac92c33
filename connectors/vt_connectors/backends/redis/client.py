"""redis-py's client for an address, with short patience and no repetition of its own."""

from __future__ import annotations

import ssl
from typing import Any, Protocol, Union

from ...errors import ConfigError
from ..redis_url import RedisAddress

_CONNECT_S = 1.0
ANSWER_S = 2.0

Word = Union[str, bytes, int, float]


class Client(Protocol):
    """What is used of it."""

    connection_pool: Any

    def execute_command(self, *words: Word) -> Any: ...

    def pipeline(self, transaction: bool) -> Any: ...


def client(address: RedisAddress, answer_s: float = ANSWER_S) -> Client:
    """Connects when it is first used, and waits `answer_s` seconds for each piece of an answer.

    Raises `ConfigError` where redis-py is not installed.
    """
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise ConfigError(
            f"VT_STATE: {address.scheme}:// needs the package redis: pip install 'vt-connectors[redis]'"
        ) from None
    options: dict[str, Any] = {
        "db": address.database,
        "username": address.username,
        "password": address.password,
        "socket_timeout": answer_s,
        "socket_connect_timeout": _CONNECT_S,
        # A call that failed may have been done; whether to repeat it is not the library's to say.
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
    kind, where = _way(address)
    pool = redis.ConnectionPool(connection_class=kind, **options, **where)
    found: Any = redis.Redis(connection_pool=pool)
    return found  # type: ignore[no-any-return]


def _way(address: RedisAddress) -> tuple[Any, dict[str, Any]]:
    """redis-py's kind of connection, and what that kind takes."""
    import redis

    if address.scheme == "unix":
        return redis.UnixDomainSocketConnection, {"path": address.path}
    where: dict[str, Any] = {"host": address.host, "port": address.port, "socket_keepalive": True}
    if address.scheme == "redis":
        return redis.Connection, where
    tls = {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_min_version": ssl.TLSVersion.TLSv1_2}
    return redis.SSLConnection, {**where, **tls, **dict(address.certificates)}
