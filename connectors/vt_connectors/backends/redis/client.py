"""redis-py's client for an address, with short timeouts and without retries."""

from __future__ import annotations

import ssl
from typing import Any, Protocol, Union

from ...errors import ConfigError
from ..redis_url import RedisAddress

_CONNECT_S = 1.0
ANSWER_S = 2.0

Word = Union[str, bytes, int, float]


class Client(Protocol):
    """The used part of redis-py's client."""

    connection_pool: Any

    def execute_command(self, *words: Word) -> Any: ...

    def pipeline(self, transaction: bool) -> Any: ...


def client(address: RedisAddress, answer_s: float = ANSWER_S) -> Client:
    """Connects at its first use, and waits `answer_s` seconds for each part of a reply.

    Raises `ConfigError` if redis-py is not installed.
    """
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise ConfigError(
            f"VT_STATE: {address.scheme}:// needs the package redis: pip install 'redis>=5.0.2,<9'"
        ) from None
    options: dict[str, Any] = {
        "db": address.database,
        "username": address.username,
        "password": address.password,
        "socket_timeout": answer_s,
        "socket_connect_timeout": _CONNECT_S,
        # A failed call may have been executed, so the library must not repeat it.
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
    connection_class, parameters = _connection(address)
    pool = redis.ConnectionPool(connection_class=connection_class, **options, **parameters)
    made: Any = redis.Redis(connection_pool=pool)
    return made  # type: ignore[no-any-return]


def _connection(address: RedisAddress) -> tuple[Any, dict[str, Any]]:
    """redis-py's connection class, and its parameters."""
    import redis

    if address.scheme == "unix":
        return redis.UnixDomainSocketConnection, {"path": address.path}
    parameters: dict[str, Any] = {"host": address.host, "port": address.port, "socket_keepalive": True}
    if address.scheme == "redis":
        return redis.Connection, parameters
    tls = {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_min_version": ssl.TLSVersion.TLSv1_2}
    return redis.SSLConnection, {**parameters, **tls, **dict(address.certificates)}
