"""Paths in settings, which have the same meaning in every process and working directory."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import ConfigError
from ..patterns import pattern

# Shell variables. Unit files and compose files may pass them on without replacing them.
_VARIABLE = pattern(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")


def expanded(name: str, path: str, environment: Mapping[str, str] = os.environ) -> Path:
    """`path` with `~`, `$NAME` and `${NAME}` replaced. Raises `ConfigError`, which names the setting `name`."""

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

    try:
        return Path(_VARIABLE.sub(value_of, path) if "$" in path else path).expanduser()
    except RuntimeError:
        raise ConfigError(
            f"{name}: {path!r} names a home folder that does not exist; write the absolute path"
        ) from None


def found_at(path: str, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Like `expanded`; None if `path` cannot be a path."""
    with contextlib.suppress(ConfigError):
        return expanded("", path, environment)
    return None


def whole(name: str, path: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Like `expanded`, for files that are written or shared by processes. Raises `ConfigError` for a relative path,
    because its meaning depends on the working directory.
    """
    found = expanded(name, path, environment)
    if not found.is_absolute():
        raise ConfigError(
            f"{name}: {path!r} is relative, so its meaning depends on the working directory; write the absolute path, "
            f"such as {Path.cwd() / found}"
        )
    return found


def below(name: str, path: str, folder: Path, environment: Mapping[str, str] = os.environ) -> str:
    """A path from a file in `folder`; a relative path is resolved from `folder`."""
    return str(folder / expanded(name, path, environment))
