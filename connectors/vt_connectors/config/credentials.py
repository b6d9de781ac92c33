"""Finds the key: in `VT_API_KEY_FILE`, else in `VT_API_KEY`, else in the configuration file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..api_key import ApiKey
from ..errors import ConfigError
from ..light_typing import TYPE_CHECKING
from ..log import logger
from ..quick_imports import suppress
from ..state.trust import is_readable_by_all, refuse_untrusted
from .paths import expanded, found_at
from .settings import config_file

if TYPE_CHECKING:
    from pathlib import Path

_LOG = logger("config.credentials")
_LARGEST_KEY_FILE = 4096
KEY_PAGE = "https://www.virustotal.com/gui/my-apikey"
_TOLD: set[str] = set()


def find_key(environment: Mapping[str, str]) -> tuple[ApiKey, str]:
    """The key and a description of its source. Raises `ConfigError`, which says what to set."""
    path, value = environment.get("VT_API_KEY_FILE", "").strip(), environment.get("VT_API_KEY", "").strip()
    if path and value:
        raise ConfigError("VT_API_KEY and VT_API_KEY_FILE are both set; unset one of them")
    config = config_file(environment)
    for warning in readable_by_all(environment):
        _warn_once(warning)
    _refuse_two_keys(environment, config)
    if path:
        return _key_in(path, "VT_API_KEY_FILE", environment)
    if value:
        return ApiKey(value), "VT_API_KEY"
    if config.get("api_key_file") and config.get("api_key"):
        raise ConfigError("VT_CONFIG has api_key and api_key_file; remove one of them")
    if config.get("api_key_file"):
        return _key_in(config["api_key_file"], "VT_CONFIG, api_key_file", environment)
    if config.get("api_key"):
        return ApiKey(config["api_key"]), "VT_CONFIG, api_key"
    raise ConfigError(
        "no API key: `vtaction init` stores one, or name a file with it in VT_API_KEY_FILE, or set VT_API_KEY; "
        f"a free key is at {KEY_PAGE}; to try it without one, `vtaction sandbox` starts a stand-in for VirusTotal that "
        "accepts any text as the key, and prints what to set"
    )


def _refuse_two_keys(environment: Mapping[str, str], config: Mapping[str, object]) -> None:
    """A profile stands for an account, so a key of the environment must not take its place unnoticed."""
    profile = environment.get("VT_PROFILE", "").strip()
    variable = next((name for name in ("VT_API_KEY", "VT_API_KEY_FILE") if environment.get(name, "").strip()), None)
    if profile and variable and ("api_key" in config or "api_key_file" in config):
        raise ConfigError(
            f"{variable} is set, so the key of the profile {profile[:40]!r} would not be used; unset it, or the profile"
        )


def readable_by_all(environment: Mapping[str, str]) -> Iterator[str]:
    """A warning for each file that contains the key and is readable by every user. Raises `ConfigError`."""
    config = config_file(environment)
    key_file = environment.get("VT_API_KEY_FILE", "").strip() or config.get("api_key_file", "")
    files = [("the key file", key_file)] if key_file else []
    if "api_key" in config:
        files.append(("the configuration file, which contains the key,", environment["VT_CONFIG"].strip()))
    for name, path in files:
        place = found_at(path)
        if place is not None and is_readable_by_all(place):
            yield f"{name} {path} can be read by every user of this machine: chmod 600 it"


def _warn_once(warning: str) -> None:
    if warning not in _TOLD:
        _TOLD.add(warning)
        _LOG.warning("%s", warning)


def _key_in(path: str, source: str, environment: Mapping[str, str]) -> tuple[ApiKey, str]:
    config = environment.get("VT_CONFIG", "").strip()
    if config and _is_same(path, config):
        raise ConfigError(f"{source} and VT_CONFIG name the same file, {path}: a key file must contain only the key")
    return key_in_file(path, source)


def key_in_file(path: str, source: str) -> tuple[ApiKey, str]:
    """The key in the file at `path`; `source`: the setting that names it. Raises `ConfigError`. A pipe is read once."""
    from .config_file import content_of
    from .text_encoding import decoded

    place = expanded(source, path)
    try:
        refuse_untrusted(place, f"the key file ({source}):")
        text = decoded(content_of(place, _LARGEST_KEY_FILE))
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"the key file {path} ({source}) cannot be read: {type(error).__name__}") from None
    if text.startswith("SQLite format 3"):
        raise ConfigError(f"the key file {path} ({source}) is a database, not a key; name another file")
    if not text.strip():
        raise ConfigError(f"the key file {path} ({source}) is empty")
    return ApiKey(text), f"{path} ({source})"


def _is_same(one: str, other: str) -> bool:
    try:
        return expanded("", one).samefile(expanded("", other))
    except (OSError, ConfigError):
        return False


def own_files(environment: Mapping[str, str]) -> Iterator[Path]:
    """The files that `environment` and the configuration file name. They may not exist."""
    names = [environment.get(name, "").strip() for name in ("VT_API_KEY_FILE", "VT_CONFIG")]
    with suppress(ConfigError):
        if environment.get("VT_CONFIG", "").strip():
            from .config_file import key_files

            names += key_files(environment)
    places = (found_at(name, environment) for name in names if name)
    yield from (place for place in places if place is not None)
