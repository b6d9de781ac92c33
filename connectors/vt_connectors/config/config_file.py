"""The file that `VT_CONFIG` names. It and the key file may be pipes: `VT_API_KEY_FILE=<(pass show virustotal)`.

Its `profiles` are settings for several keys; `VT_PROFILE` names the one in use.
"""

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
# The option of `vtaction` sets the variable.
_PROFILE = "VT_PROFILE, or --profile"
KEY_NAMES = ("api_key", "api_key_file")


def config_file(environment: Mapping[str, str]) -> dict[str, Any]:
    """The content of the file that `VT_CONFIG` names, checked by `schemas/settings.json`; empty without `VT_CONFIG`.
    The settings of the profile that `VT_PROFILE` names replace the others.

    Relative paths in it are resolved from its folder. Raises `ConfigError`.
    """
    name = environment.get("VT_PROFILE", "").strip()
    content = _whole_file(environment)
    profiles = content.pop("profiles", {})
    if not name:
        return content
    if name not in profiles:
        raise ConfigError(_no_profile(name, sorted(profiles), environment))
    of_profile = profiles[name]
    if any(each in of_profile for each in KEY_NAMES):
        # The profile's key is in place of the other one, wherever each is.
        content = {each: value for each, value in content.items() if each not in KEY_NAMES}
    return {**content, **of_profile}


def key_files(environment: Mapping[str, str]) -> list[str]:
    """The key files of the file and of all its profiles, in use or not. Raises `ConfigError`."""
    content = _whole_file(environment)
    sections = [content, *content.get("profiles", {}).values()]
    return [str(section["api_key_file"]) for section in sections if section.get("api_key_file")]


def _whole_file(environment: Mapping[str, str]) -> dict[str, Any]:
    path = environment.get("VT_CONFIG", "").strip()
    if not path:
        return {}
    place = expanded("VT_CONFIG", path, environment)
    try:
        refuse_untrusted(place, "VT_CONFIG:")
        content = json.loads(content_of(place, _LARGEST_CONFIG_BYTES))
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"VT_CONFIG: {path} cannot be read as JSON ({type(error).__name__})") from None
    check_content(content, path)
    folder = Path(os.path.abspath(place)).parent
    found = {**content, **_paths_in(content, folder, environment)}
    if "profiles" in content:
        found["profiles"] = {
            name: {**section, **_paths_in(section, folder, environment)}
            for name, section in content["profiles"].items()
        }
    return found


def check_content(content: Any, path: str) -> None:
    """Check the content of the configuration file at `path`. Raises `ConfigError`."""
    from ..contract.validation import violation

    wrong = violation("settings.json", content)
    about = f"VT_CONFIG: {path}"
    if wrong is None:
        for name, section in content.get("profiles", {}).items():
            wrong, about = violation("settings.json", section), f"VT_CONFIG: {path}: profile {name[:40]!r}"
            if wrong is None and "profiles" in section:
                raise ConfigError(f"{about} has profiles of its own; write them beside it")
            if wrong is not None:
                break
    if wrong is not None:
        raise ConfigError(
            f"{about}: {wrong.sentence(wrong.path or 'the file', 'setting')}", details={"path": wrong.path}
        )


def _no_profile(name: str, known: list[str], environment: Mapping[str, str]) -> str:
    path = environment.get("VT_CONFIG", "").strip()
    if not path:
        return (
            f"{_PROFILE}: {name[:40]!r} is a profile of the configuration file, and there is none; "
            f"`vtaction init --profile NAME` makes one"
        )
    return f"{_PROFILE}: {path} has no profile {name[:40]!r}; it has {', '.join(known) or 'no profiles'}"


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
