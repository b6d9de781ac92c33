"""Settings: from the environment, else from the JSON file that `VT_CONFIG` names, else defaults. Without the key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from ..errors import ConfigError
from ..light_typing import Any, Callable, NamedTuple, TypeVar
from ..quota.windows import PUBLIC, Quota, parse_quota
from ..verdict.rule import Thresholds
from .config_file import config_file as config_file
from .durations import seconds_of
from .paths import whole
from .unknown_variables import unknown_variables, warn_once

Value = TypeVar("Value")
VIRUSTOTAL = "https://www.virustotal.com"
_DEFAULT_PORTS = {"https": 443, "http": 80}


class Settings(NamedTuple):
    """Times in seconds, sizes in bytes. `state`: a path, `memory`, an address (`redis://...`, `rediss://...`,
    `unix://...`), `kvstore` inside Splunk, or None for the default file. `state_required`: no request is sent while
    the record of the quota cannot be used.
    """

    api_url: str = VIRUSTOTAL
    api_version: str = "3"
    quota: Quota = parse_quota(PUBLIC)
    state: str | None = None
    state_required: bool = False
    cache_ttl_s: float = 86400.0
    cache_ttl_not_found_s: float = 600.0
    cache_max_bytes: int = 256 * 1024 * 1024
    pending_max: int = 2500
    timeout_s: float = 30.0
    never_query: tuple[str, ...] = ()
    scan_roots: tuple[str, ...] = ()
    thresholds: Thresholds = Thresholds()

    @property
    def space(self) -> str:
        """The name for the answers, leases and queued lookups of one server and API version in the shared state.

        `3` or `2`; for a server other than VirusTotal's, followed by `@` and its URL.
        """
        server = self.server
        return self.api_version if server == VIRUSTOTAL else f"{self.api_version}@{quote(server, safe='')}"

    @property
    def server(self) -> str:
        """`api_url` in one spelling."""
        parts = urlsplit(self.api_url)
        port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"

    def __repr__(self) -> str:
        # A URL may contain a password.
        shown = (f"{name}={value!r}" for name, value in self._asdict().items() if name != "state")
        return f"Settings({', '.join(shown)})"


def read_settings(environment: Mapping[str, str], given: Mapping[str, Any] | None = None) -> Settings:
    """`given`: values by the names of the configuration file; they override the file and the environment.

    Raises `ConfigError`, which names the variable.
    """
    warn_once(not_settings(environment))
    file = config_file(environment)
    return settings_from({**_by_variable(file), **environment_values(environment), **_by_variable(given or {})})


def settings_from(given: Mapping[str, Any]) -> Settings:
    """Settings from values by variable name (`VT_QUOTA`, ...); the rest has defaults. Raises `ConfigError`."""
    defaults = Settings()

    def take(name: str, read: Callable[[str, Any], Value], default: Value) -> Value:
        return read(name, given[name]) if name in given else default

    # Imported here for a fast start.
    from .base_url import checked_base_url

    return Settings(
        api_url=take("VT_API_URL", lambda _, value: checked_base_url(str(value)), defaults.api_url),
        api_version=take("VT_API_VERSION", _version, defaults.api_version),
        quota=take("VT_QUOTA", lambda _, value: parse_quota(str(value)), defaults.quota),
        state=take("VT_STATE", lambda _, value: str(value).strip() or None, defaults.state),
        state_required=take("VT_STATE_REQUIRED", _switch, defaults.state_required),
        cache_ttl_s=take("VT_CACHE_TTL", _seconds, defaults.cache_ttl_s),
        cache_ttl_not_found_s=take("VT_CACHE_TTL_NOT_FOUND", _seconds, defaults.cache_ttl_not_found_s),
        cache_max_bytes=take("VT_CACHE_SIZE_MB", _megabytes, defaults.cache_max_bytes),
        pending_max=take("VT_PENDING_MAX", _room, defaults.pending_max),
        timeout_s=take("VT_TIMEOUT", _timeout, defaults.timeout_s),
        never_query=take("VT_NEVER_QUERY", _entries, defaults.never_query),
        scan_roots=take("VT_SCAN_ROOTS", _folders, defaults.scan_roots),
        thresholds=Thresholds(
            malicious=take("VT_MALICIOUS_THRESHOLD", _count, defaults.thresholds.malicious),
            suspicious=take("VT_SUSPICIOUS_THRESHOLD", _count, defaults.thresholds.suspicious),
        ),
    )


VARIABLES = (
    "VT_API_URL",
    "VT_API_VERSION",
    "VT_QUOTA",
    "VT_STATE",
    "VT_STATE_REQUIRED",
    "VT_CACHE_TTL",
    "VT_CACHE_TTL_NOT_FOUND",
    "VT_CACHE_SIZE_MB",
    "VT_PENDING_MAX",
    "VT_TIMEOUT",
    "VT_NEVER_QUERY",
    "VT_SCAN_ROOTS",
    "VT_MALICIOUS_THRESHOLD",
    "VT_SUSPICIOUS_THRESHOLD",
)


_OTHERS = ("VT_API_KEY", "VT_API_KEY_FILE", "VT_CONFIG")


def not_settings(environment: Mapping[str, str]) -> list[str]:
    """A warning for each variable of `environment` that looks like a setting but is not one."""
    return list(unknown_variables(environment, (*VARIABLES, *_OTHERS)))


def environment_values(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings that `environment` has, by variable name."""
    return {name: environment[name] for name in VARIABLES if environment.get(name, "").strip()}


def _by_variable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"VT_{name.upper()}": value for name, value in values.items()}


def _version(name: str, value: Any) -> str:
    text = str(value).strip()
    if text not in ("2", "3"):
        raise ConfigError(f"{name}: {text!r} is not an API version; use 3 or 2")
    return text


# The values that Splunk and most programs accept.
_SWITCH = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off"), False),
}


def _switch(name: str, value: Any) -> bool:
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


def _seconds(name: str, value: Any) -> float:
    return _duration(name, value, 0, 10 * 365 * 86400.0)


def _timeout(name: str, value: Any) -> float:
    return _duration(name, value, 0.1, 3600)


def _duration(name: str, value: Any, least: float, most: float) -> float:
    found = seconds_of(value) if isinstance(value, str) else None
    try:
        return _number(name, value if found is None else found, least, most)
    except ConfigError:
        text = f"{str(value)[:40]!r} is not a number from {least:.12g} to {most:.12g}"
        raise ConfigError(f"{name}: {text}; write seconds, or a time such as 90s or 24h") from None


def _count(name: str, value: Any) -> int:
    return _whole(name, value, 1, 1000)


def _room(name: str, value: Any) -> int:
    return _whole(name, value, 0, 100_000)


def _whole(name: str, value: Any, least: int, most: int) -> int:
    number = _number(name, value, least, most)
    if number != int(number):
        raise ConfigError(f"{name}: {str(value)[:40]!r} is not a whole number")
    return int(number)


def _megabytes(name: str, value: Any) -> int:
    return int(_number(name, value, 1, 1024 * 1024) * 1024 * 1024)


def _entries(_: str, value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else str(value).replace(",", " ").split()
    return tuple(str(item) for item in items)


def _folders(name: str, value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else str(value).split(os.pathsep)
    folders = tuple(str(whole(name, str(item).strip())) for item in items if str(item).strip())
    if not folders:
        raise ConfigError(f"{name}: names no folder; unset it to allow every file")
    return folders
