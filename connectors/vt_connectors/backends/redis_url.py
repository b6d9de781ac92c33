"""`VT_STATE` as the address of a server. Pure; its messages never contain a password."""

from __future__ import annotations

import re

from ..errors import ConfigError
from ..light_typing import TYPE_CHECKING, NamedTuple
from ..quick_imports import pattern

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_SCHEMES = ("redis", "rediss", "unix")
# A drive letter is not a scheme.
_ADDRESS = pattern(r"[A-Za-z][A-Za-z0-9+.-]+:/|.*://", re.DOTALL)
_PORT = 6379
_CERTIFICATES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_OPTIONS: dict[str, tuple[str, ...]] = {"redis": (), "rediss": _CERTIFICATES, "unix": ("db",)}


class RedisAddress(NamedTuple):
    """`host` and `port`, or `path` of a Unix socket. `certificates`: redis-py's names to files, for TLS."""

    scheme: str
    host: str = ""
    port: int = _PORT
    path: str = ""
    database: int = 0
    username: str | None = None
    password: str | None = None
    certificates: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"RedisAddress({self.place!r})"

    @property
    def place(self) -> str:
        """The address for messages: without user, password and options."""
        if self.scheme == "unix":
            return f"unix://{self.path}?db={self.database}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/{self.database}"

    @property
    def is_in_the_open(self) -> bool:
        """Whether the connection crosses a network without encryption."""
        return self.scheme == "redis" and self.host not in ("localhost", "::1") and not self.host.startswith("127.")


def is_address(text: str) -> bool:
    """Whether the text is an address, valid or not; else it is a path."""
    return ":/" in text and _ADDRESS.match(text) is not None


def redis_address(text: str) -> RedisAddress | None:
    """None for a text that is not an address, such as a path. Raises `ConfigError` for an invalid address."""
    if not is_address(text):
        return None
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        # Parsers differ in how they treat blanks and control characters.
        if parts.scheme not in _SCHEMES or parts.fragment or not text.isprintable() or " " in text:
            raise ValueError
        user, password = _user(parts)
        return _local(parts, user, password) if parts.scheme == "unix" else _remote(parts, user, password)
    except ValueError:
        raise ConfigError(
            "VT_STATE is not a supported address; write redis://host:6379/0, "
            "redis://user:password@host:6379/0, rediss://... for TLS, or unix:///path/to/redis.sock; "
            "special characters of a password are written %40, %2F, ..."
        ) from None


def _user(parts: SplitResult) -> tuple[str | None, str | None]:
    if "@" not in parts.netloc:
        return None, None
    if not parts.password:
        # A password without its colon would be parsed and shown as a user name.
        raise ValueError
    from urllib.parse import unquote

    return unquote(parts.username or "") or None, unquote(parts.password)


def _remote(parts: SplitResult, user: str | None, password: str | None) -> RedisAddress:
    database = parts.path.strip("/") or "0"
    options = _options(parts)
    if not parts.hostname or parts.port == 0:
        raise ValueError
    return RedisAddress(
        parts.scheme,
        host=parts.hostname,
        port=parts.port or _PORT,
        database=_number(database),
        username=user,
        password=password,
        certificates=tuple(options.items()),
    )


def _local(parts: SplitResult, user: str | None, password: str | None) -> RedisAddress:
    from urllib.parse import unquote

    options = _options(parts)
    if parts.hostname or not parts.path.startswith("/") or parts.path == "/":
        raise ValueError
    return RedisAddress(
        "unix",
        path=unquote(parts.path),
        database=_number(options.get("db", "0")),
        username=user,
        password=password,
    )


def _options(parts: SplitResult) -> dict[str, str]:
    from urllib.parse import parse_qsl

    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    if not set(options) <= set(_OPTIONS[parts.scheme]):
        raise ConfigError(
            f"VT_STATE: {parts.scheme}:// takes {' and '.join(_OPTIONS[parts.scheme]) or 'nothing'} after the `?`"
        )
    return options


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise ValueError
    return int(text)
