"""Paths in settings, which have the same meaning in every process and working directory."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, MutableMapping

from ..errors import ConfigError
from ..light_typing import TYPE_CHECKING
from ..quick_imports import pattern, suppress

if TYPE_CHECKING:
    from pathlib import Path

# Shell variables. Unit files and compose files may pass them on without replacing them.
_VARIABLE = pattern(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")


def expanded(name: str, path: str, environment: Mapping[str, str] = os.environ) -> Path:
    """`path` with `~`, `$NAME` and `${NAME}` replaced. Raises `ConfigError`, which names the setting `name`."""
    from pathlib import Path

    try:
        return Path(_with_values(name, path, environment)).expanduser()
    except RuntimeError:
        raise ConfigError(
            f"{name}: {path!r} names a home folder that does not exist; write the absolute path"
        ) from None


def _with_values(name: str, path: str, environment: Mapping[str, str]) -> str:
    """`path` with `$NAME` and `${NAME}` replaced."""
    if "\0" in path:
        raise ConfigError(f"{name}: {path!r} contains a NUL character, which no path can have; write another path")

    def value_of(found: re.Match[str]) -> str:
        variable = found[1] or found[2]
        value = environment.get(variable)
        if not value:
            raise ConfigError(
                f"{name}: {path!r} contains {found[0]}, but {variable} is not set; write the absolute path"
            )
        return value

    return _VARIABLE.sub(value_of, path) if "$" in path else path


def found_at(path: str, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Like `expanded`; None if `path` cannot be a path."""
    with suppress(ConfigError):
        return expanded("", path, environment)
    return None


def whole(name: str, path: str, environment: Mapping[str, str] = os.environ) -> str:
    """Like `expanded`, for files that are written or shared by processes. Raises `ConfigError` for a relative path,
    because its meaning depends on the working directory.
    """
    found = _with_values(name, path, environment)
    if found.startswith("~"):
        found = str(expanded(name, path, environment))
    if not os.path.isabs(found):
        from pathlib import Path

        raise ConfigError(
            f"{name}: {path!r} is relative, so its meaning depends on the working directory; write the absolute path, "
            f"such as {Path.cwd() / found}"
        )
    return os.path.normpath(found) if os.pardir not in found else str(expanded(name, path, environment))


def below(name: str, path: str, folder: Path, environment: Mapping[str, str] = os.environ) -> str:
    """A path from a file in `folder`; a relative path is resolved from `folder`."""
    return str(folder / expanded(name, path, environment))


def has_home() -> bool:
    """Whether this user's home folder exists. A missing one, such as the `/nonexistent` of service users, is not made:
    root could make it, and then other users would find it.
    """
    home = os.path.expanduser("~")
    return os.path.isabs(home) and os.path.isdir(home)


def default_config_file(environment: Mapping[str, str] = os.environ) -> str:
    """The configuration file of this user at the platform's usual place; empty for a user without a home folder.

    On Linux it is `$XDG_CONFIG_HOME/vt-connectors/config.json`, or the same below `~/.config`.
    """
    if sys.platform in ("darwin", "win32"):
        import platformdirs

        folder = platformdirs.user_config_dir("vt-connectors", appauthor=False)
    else:
        # What `platformdirs` does, which takes long to import.
        base = environment.get("XDG_CONFIG_HOME", "").strip()
        if not base and not has_home():
            return ""
        folder = os.path.join(base or os.path.expanduser("~/.config"), "vt-connectors")
    return os.path.join(folder, "config.json") if os.path.isabs(folder) else ""


def use_default_config(environment: MutableMapping[str, str]) -> None:
    """Set `VT_CONFIG` to the user's configuration file, if there is one and `VT_CONFIG` is not set, not even to an
    empty value. Only `vtaction` does this: a library or a service must not depend on whose home folder it runs in.
    """
    if "VT_CONFIG" not in environment:
        path = default_config_file(environment)
        if path and os.path.lexists(path):
            environment["VT_CONFIG"] = path
