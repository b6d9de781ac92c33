"""The files that must never be sent: the key and the configuration."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import ConfigError
from .paths import found_at
from .settings import config_file


def own_files(environment: Mapping[str, str]) -> Iterator[Path]:
    """The files that `environment` and the configuration file name. They may not exist."""
    names = [environment.get(name, "").strip() for name in ("VT_API_KEY_FILE", "VT_CONFIG")]
    with contextlib.suppress(ConfigError):
        names.append(str(config_file(environment).get("api_key_file", "")))
    places = (found_at(name, environment) for name in names if name)
    yield from (place for place in places if place is not None)
