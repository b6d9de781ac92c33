"""Proxies and CA bundle from the environment."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from ...config.paths import expanded
from ...config.values import is_loopback
from ...errors import ConfigError

# Also in "BEGIN TRUSTED CERTIFICATE" and "BEGIN X509 CERTIFICATE".
_PEM = b"CERTIFICATE-----"
_CA_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class ProxySettings:
    """Reads the environment once for each server, because it takes a third of a request's own time."""

    def __init__(self) -> None:
        self._proxies: dict[tuple[str, str], dict[str, str]] = {}
        self._verify: str | bool | None = None

    def proxies(self, url: str) -> dict[str, str]:
        """Proxies by scheme, in the form and with the rules of `requests`; none for loopback.

        Raises `ConfigError` if the one for `url` is not valid.
        """
        parts = urlsplit(url)
        server = parts.scheme, parts.netloc
        if server not in self._proxies:
            found = {} if is_loopback(parts.hostname or "") else get_environ_proxies(url, no_proxy=None)
            _place_of(select_proxy(url, found))
            self._proxies[server] = found
        return self._proxies[server]

    def proxy_for(self, url: str) -> str | None:
        """The proxy for `url`, without user and password. Raises `ConfigError`."""
        return _place_of(select_proxy(url, self.proxies(url)))

    def verify(self) -> str | bool:
        """The accepted certificates: the path of a CA bundle, or True for those of `requests`.

        Raises `ConfigError`.
        """
        if self._verify is None:
            self._verify = _ca_bundle() or True
        return self._verify


def _place_of(proxy: str | None) -> str | None:
    """Scheme, host and port, parsed like `requests` does. Raises `ConfigError`, which does not repeat the address,
    because it may have a password.
    """
    if not proxy:
        return None
    try:
        parts = parse_url(prepend_scheme_if_needed(proxy, "http"))  # type: ignore[no-untyped-call]  # requests' own reading
    except (ValueError, LocationParseError):
        raise _invalid_proxy("is not an address") from None
    if (parts.scheme or "").startswith("socks"):
        raise _invalid_proxy("is a SOCKS proxy, which is not supported: name an HTTP proxy")
    if parts.scheme not in ("http", "https"):
        raise _invalid_proxy("does not begin with http:// or https://")
    if not parts.host or parts.path not in (None, "/") or parts.query or parts.fragment:
        raise _invalid_proxy("is not an address")
    return f"{parts.scheme}://{parts.host}{f':{parts.port}' if parts.port else ''}"


def _invalid_proxy(why: str) -> ConfigError:
    return ConfigError(
        f"HTTPS_PROXY (or ALL_PROXY) {why}; write http://host:port or http://user:password@host:port, and in user and "
        "password %40 for @, %2F for /, %3A for :, %23 for #, %3F for ? and %25 for %"
    )


def _ca_bundle() -> str | None:
    for name in _CA_BUNDLES:
        if os.environ.get(name):
            path = expanded(name, os.environ[name])
            if not path.exists():
                raise ConfigError(f"{name}: {path} does not exist")
            _refuse_other_than_certificates(name, path)
            return str(path)
    return None


def _refuse_other_than_certificates(name: str, path: Path) -> None:
    """Raise `ConfigError` if no connection could use the file. A folder's files are read later.

    The certificates themselves are not parsed, because that takes memory, and the connection does it.
    """
    if path.is_dir():
        return
    try:
        with path.open("rb") as file:
            has_any = any(_PEM in line for line in file)
    except OSError as error:
        raise ConfigError(f"{name}: {path} cannot be read ({os.strerror(error.errno or 0)})") from None
    if not has_any:
        raise ConfigError(f"{name}: {path} is not a PEM file with certificates")
