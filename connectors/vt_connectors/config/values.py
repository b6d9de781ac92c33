"""Reads the values of settings: numbers, switches, durations such as `15m`, paths, and the base URL of the server, of
which it checks that the connection is safe.
"""

from __future__ import annotations

import os
import re

from ..errors import ConfigError
from ..light_typing import Any, NamedTuple
from ..quick_imports import pattern

_DURATION = pattern(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)\s*(ms|[smhdw])?", re.ASCII)
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
# No user names, no blanks, and no characters that two parsers could read differently.
_OF_THE_API = pattern(r"/(?:api|vtapi)(?:/v[0-9])?/*$")
PLAIN_NETLOC = pattern(r"[A-Za-z0-9.:_\[\]-]+")


def seconds_of(text: str) -> float | None:
    """Seconds of `3600`, `90s`, `15m`, `12h`, `7d`, `2w` or `500ms`, in any case; None for anything else."""
    found = _DURATION.fullmatch(text.strip().lower())
    return float(found[1]) * _UNIT_S[found[2] or "s"] if found else None


class Server(NamedTuple):
    """`port`: 0 if the URL has none."""

    scheme: str
    host: str
    port: int


def plain_server(url: str) -> Server | None:
    """The parts of `https://host`, with a port or not, in lower case; None for all other URLs, valid or not.

    Reads the usual URLs without the library `urllib`, which takes long to import.
    """
    scheme, sign, rest = url.removesuffix("/").partition("://")
    host, colon, port = rest.partition(":")
    is_name = host[:1].isalnum() and not host.strip("abcdefghijklmnopqrstuvwxyz0123456789.-")
    if scheme not in ("http", "https") or not sign or not is_name:
        return None
    if colon and not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        return None
    return Server(scheme, host, int(port or 0))


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, by name or address."""
    if host in ("localhost", "127.0.0.1"):
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_base_url(text: str) -> str:
    """`https://host[:port]`, or http on loopback. Raises `ConfigError` without the URL, which may have a password."""
    plain = plain_server(text.strip())
    if plain is not None and (plain.scheme == "https" or is_loopback(plain.host)):
        return text.strip().rstrip("/")
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _not_a_base() from None
    if parts.scheme not in ("http", "https") or not host or port == 0 or parts.query or parts.fragment:
        raise _not_a_base()
    if not PLAIN_NETLOC.fullmatch(parts.netloc):
        raise _not_a_base()
    if _OF_THE_API.search(parts.path):
        # With the path twice, every request would get a 404, as if VirusTotal knew nothing.
        raise ConfigError("VT_API_URL: leave out the path of the API, for example https://www.virustotal.com")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigError("VT_API_URL: plain http would send the key unencrypted; use https (http only on loopback)")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _not_a_base() -> ConfigError:
    return ConfigError("VT_API_URL is not a base URL such as https://www.virustotal.com")


def version(name: str, value: Any) -> str:
    text = str(value).strip()
    if text not in ("2", "3"):
        raise ConfigError(f"{name}: {text!r} is not an API version; use 3 or 2")
    return text


# The values that Splunk and most programs accept.
_SWITCH = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off"), False),
}


def switch(name: str, value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in _SWITCH:
        raise ConfigError(f"{name}: {text[:40]!r} is neither true nor false")
    return _SWITCH[text]


def _number(name: str, value: Any, least: float, most: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not least <= number <= most:
        raise ConfigError(f"{name}: {str(value)[:40]!r} is not a number from {least:.12g} to {most:.12g}")
    return number


def seconds(name: str, value: Any) -> float:
    return _duration(name, value, 0, 10 * 365 * 86400.0)


def timeout(name: str, value: Any) -> float:
    return _duration(name, value, 0.1, 3600)


def _duration(name: str, value: Any, least: float, most: float) -> float:
    found = seconds_of(value) if isinstance(value, str) else None
    try:
        return _number(name, value if found is None else found, least, most)
    except ConfigError:
        text = f"{str(value)[:40]!r} is not a number from {least:.12g} to {most:.12g}"
        raise ConfigError(f"{name}: {text}; write seconds, or a time such as 90s or 24h") from None


def count(name: str, value: Any) -> int:
    return _integer(name, value, 1, 1000)


def room(name: str, value: Any) -> int:
    return _integer(name, value, 0, 100_000)


def _integer(name: str, value: Any, least: int, most: int) -> int:
    number = _number(name, value, least, most)
    if number != int(number):
        raise ConfigError(f"{name}: {str(value)[:40]!r} is not a whole number")
    return int(number)


def megabytes(name: str, value: Any) -> int:
    return int(_number(name, value, 1, 1024 * 1024) * 1024 * 1024)


def entries(_: str, value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else str(value).replace(",", " ").split()
    return tuple(str(item) for item in items)


def folders(name: str, value: Any) -> tuple[str, ...]:
    from .paths import whole

    items = value if isinstance(value, list) else str(value).split(os.pathsep)
    folders = tuple(whole(name, str(item).strip()) for item in items if str(item).strip())
    if not folders:
        raise ConfigError(f"{name}: names no folder; unset it to allow every file")
    return folders
