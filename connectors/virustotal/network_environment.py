"""Proxies and CA bundle, as the environment names them."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies

from ..errors import ConfigError
from .origin import is_loopback

_CA_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class NetworkEnvironment:
    """Looks once for each server: for each request it would take as long as a third of sending it."""

    def __init__(self) -> None:
        self._proxies: dict[tuple[str, str], dict[str, str]] = {}
        self._verify: str | bool | None = None

    def proxies(self, url: str) -> dict[str, str]:
        """By scheme, as `requests` takes and finds them; none for loopback."""
        parts = urlsplit(url)
        server = parts.scheme, parts.netloc
        if server not in self._proxies:
            self._proxies[server] = {} if is_loopback(parts.hostname or "") else get_environ_proxies(url, no_proxy=None)
        return self._proxies[server]

    def verify(self) -> str | bool:
        """Which certificates are accepted: those of a bundle's path, or the ones `requests` brings (True).

        Raises `ConfigError`.
        """
        if self._verify is None:
            self._verify = _ca_bundle() or True
        return self._verify


def _ca_bundle() -> str | None:
    for name in _CA_BUNDLES:
        path = os.environ.get(name)
        if path:
            if not Path(path).exists():
                raise ConfigError(f"{name}: there is no {path}")
            return path
    return None
