"""The file that `VT_CONFIG` names. It and the key file may be pipes: `VT_API_KEY_FILE=<(pass show virustotal)`."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from ..backends.redis_url import is_address
from ..errors import ConfigError
from ..light_typing import Any
from ..state.trust import refuse_untrusted
from ..threads import lock_of_process
from .paths import below, expanded

_LARGEST_CONFIG_BYTES = 1024 * 1024


def config_file(environment: Mapping[str, str]) -> dict[str, Any]:
    """The content of the file that `VT_CONFIG` names, checked by `schemas/settings.json`; empty without `VT_CONFIG`.

    Relative paths in it are resolved from its folder. Raises `ConfigError`.
    """
    path = environment.get("VT_CONFIG", "").strip()
    if not path:
        return {}
    place = expanded("VT_CONFIG", path, environment)
    try:
        refuse_untrusted(place, "VT_CONFIG:")
        content = json.loads(content_of(place, _LARGEST_CONFIG_BYTES))
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"VT_CONFIG: {path} cannot be read as JSON ({type(error).__name__})") from None
    from ..contract.validation import violation

    wrong = violation("settings.json", content)
    if wrong is not None:
        raise ConfigError(
            f"VT_CONFIG: {path}: {wrong.sentence(wrong.path or 'the file', 'setting')}", details={"path": wrong.path}
        )
    return {**content, **_paths_in(content, Path(os.path.abspath(place)).parent, environment)}


def _paths_in(content: Mapping[str, Any], folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """The values that are paths, as absolute paths."""
    found: dict[str, Any] = {}
    if content.get("api_key_file"):
        found["api_key_file"] = below("VT_CONFIG, api_key_file", content["api_key_file"], folder, environment)
    if is_path(state := str(content.get("state", "")).strip()):
        found["state"] = below("VT_CONFIG, state", state, folder, environment)
    return found


def is_path(state: str) -> bool:
    """Whether this value of `VT_STATE` is the path of a file."""
    return state not in ("", "memory", "kvstore") and not is_address(state)


_FROM_PIPES: dict[tuple[str, int], bytes] = {}
_PIPES = lock_of_process()


def content_of(place: Path, most: int) -> bytes:
    """At most `most` bytes of the file. A pipe can be read only once, so its content is remembered for this process.
    Raises `OSError`, `ValueError`.
    """
    with _PIPES:
        known = _FROM_PIPES.get((str(place), most))
        if known is not None:
            return known
        with place.open("rb") as file:
            content = file.read(most)
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                _FROM_PIPES[str(place), most] = content
        return content
