"""Settings: environment first, then the JSON file that `VT_CONFIG` names, then defaults. The key is not one of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable, NamedTuple, TypeVar

from .errors import ConfigError
from .quota.windows import PUBLIC, Quota, parse_quota
from .verdict.rule import Thresholds

Value = TypeVar("Value")
_LARGEST_CONFIG_BYTES = 1024 * 1024


class Settings(NamedTuple):
    """Times in seconds, sizes in bytes. `state`: a path, `memory`, an address (`redis://...`, `rediss://...`,
    `unix://...`), `kvstore` inside Splunk, or None for the default file.
    """

    api_url: str = "https://www.virustotal.com"
    api_version: str = "3"
    quota: Quota = parse_quota(PUBLIC)
    state: str | None = None
    cache_ttl_s: float = 86400.0
    cache_ttl_not_found_s: float = 600.0
    cache_max_bytes: int = 256 * 1024 * 1024
    pending_max: int = 2500
    timeout_s: float = 30.0
    never_query: tuple[str, ...] = ()
    thresholds: Thresholds = Thresholds()

    def __repr__(self) -> str:
        # An address may have a password in it.
        shown = (f"{name}={value!r}" for name, value in self._asdict().items() if name != "state")
        return f"Settings({', '.join(shown)})"


def read_settings(environment: Mapping[str, str], given: Mapping[str, Any] | None = None) -> Settings:
    """`given`: values by the names of the configuration file; they win over it and over the environment.

    Raises `ConfigError`, which names the variable.
    """
    file = config_file(environment)
    return settings_from({**_by_variable(file), **environment_values(environment), **_by_variable(given or {})})


def settings_from(given: Mapping[str, Any]) -> Settings:
    """Settings from values by variable name (`VT_QUOTA`, ...); the rest has defaults. Raises `ConfigError`."""
    defaults = Settings()

    def take(name: str, read: Callable[[str, Any], Value], default: Value) -> Value:
        return read(name, given[name]) if name in given else default

    # Imported here: the cached way to an answer needs no addresses checked twice.
    from .virustotal.origin import checked_base_url

    return Settings(
        api_url=take("VT_API_URL", lambda _, value: checked_base_url(str(value)), defaults.api_url),
        api_version=take("VT_API_VERSION", _version, defaults.api_version),
        quota=take("VT_QUOTA", lambda _, value: parse_quota(str(value)), defaults.quota),
        state=take("VT_STATE", lambda _, value: str(value).strip() or None, defaults.state),
        cache_ttl_s=take("VT_CACHE_TTL", _seconds, defaults.cache_ttl_s),
        cache_ttl_not_found_s=take("VT_CACHE_TTL_NOT_FOUND", _seconds, defaults.cache_ttl_not_found_s),
        cache_max_bytes=take("VT_CACHE_SIZE_MB", _megabytes, defaults.cache_max_bytes),
        pending_max=take("VT_PENDING_MAX", _room, defaults.pending_max),
        timeout_s=take("VT_TIMEOUT", _timeout, defaults.timeout_s),
        never_query=take("VT_NEVER_QUERY", _entries, defaults.never_query),
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
    "VT_CACHE_TTL",
    "VT_CACHE_TTL_NOT_FOUND",
    "VT_CACHE_SIZE_MB",
    "VT_PENDING_MAX",
    "VT_TIMEOUT",
    "VT_NEVER_QUERY",
    "VT_MALICIOUS_THRESHOLD",
    "VT_SUSPICIOUS_THRESHOLD",
)


def environment_values(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings that `environment` has, by variable name."""
    return {name: environment[name] for name in VARIABLES if environment.get(name, "").strip()}


def _by_variable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"VT_{name.upper()}": value for name, value in values.items()}


def config_file(environment: Mapping[str, str]) -> dict[str, Any]:
    """The content of the file that `VT_CONFIG` names, checked by `schemas/settings.json`; empty where none is named."""
    path = environment.get("VT_CONFIG", "").strip()
    if not path:
        return {}
    try:
        with Path(path).expanduser().open("rb") as file:
            content = json.loads(file.read(_LARGEST_CONFIG_BYTES))
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"VT_CONFIG: {path} cannot be read as JSON ({type(error).__name__})") from None
    from .schemas_check import violation

    wrong = violation("settings.json", content)
    if wrong is not None:
        raise ConfigError(
            f"VT_CONFIG: {path}: {wrong.path or 'the file'} {wrong.message}", details={"path": wrong.path}
        )
    return dict(content)


def _version(name: str, value: Any) -> str:
    text = str(value).strip()
    if text not in ("2", "3"):
        raise ConfigError(f"{name}: {text!r} is no API version; use 3 or 2")
    return text


def _number(name: str, value: Any, least: float, most: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not least <= number <= most:
        raise ConfigError(f"{name}: {str(value)[:40]!r} is not a number from {least:g} to {most:g}")
    return number


def _seconds(name: str, value: Any) -> float:
    return _number(name, value, 0, 10 * 365 * 86400.0)


def _timeout(name: str, value: Any) -> float:
    return _number(name, value, 0.1, 3600)


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
