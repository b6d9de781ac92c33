"""Where the key comes from: `VT_API_KEY_FILE`, else `VT_API_KEY`, else the configuration file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .api_key import ApiKey
from .errors import ConfigError
from .settings import config_file

_LARGEST_KEY_FILE = 4096


def find_key(environment: Mapping[str, str]) -> tuple[ApiKey, str]:
    """The key and, for people, its source. Raises `ConfigError` that says what to set."""
    path, value = environment.get("VT_API_KEY_FILE", "").strip(), environment.get("VT_API_KEY", "").strip()
    if path and value:
        raise ConfigError("VT_API_KEY and VT_API_KEY_FILE are both set; unset one of them")
    if path:
        return key_in_file(path, "VT_API_KEY_FILE")
    if value:
        return ApiKey(value), "VT_API_KEY"
    config = config_file(environment)
    if config.get("api_key_file"):
        return key_in_file(config["api_key_file"], "VT_CONFIG, api_key_file")
    if config.get("api_key"):
        return ApiKey(config["api_key"]), "VT_CONFIG, api_key"
    raise ConfigError("no API key: put it into a file and name the file in VT_API_KEY_FILE, or set VT_API_KEY")


def key_in_file(path: str, source: str) -> tuple[ApiKey, str]:
    """The key in the file at `path`, which `source` named. Raises `ConfigError`."""
    try:
        with Path(path).expanduser().open("rb") as file:
            text = file.read(_LARGEST_KEY_FILE).decode("utf-8-sig")
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"the key file {path} ({source}) cannot be read: {type(error).__name__}") from None
    if not text.strip():
        raise ConfigError(f"the key file {path} ({source}) is empty")
    return ApiKey(text), f"{path} ({source})"
