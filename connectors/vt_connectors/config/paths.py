"""Paths in settings: one meaning for all processes, whichever folder each was started in."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import ConfigError
from ..patterns import pattern

# As a shell has them. Files of units and compose files do not replace them, and then they arrive here.
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
                f"{name}: {path!r} has {found[0]} in it, and no variable {variable} is set; write the whole path"
            )
        return value

    try:
        return Path(_VARIABLE.sub(value_of, path)).expanduser()
    except RuntimeError:
        raise ConfigError(f"{name}: {path!r} names a home folder that does not exist; write the whole path") from None


def found_at(path: str, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The same; None for what cannot be a path."""
    with contextlib.suppress(ConfigError):
        return expanded("", path, environment)
    return None


def whole(name: str, path: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The same for what is written, or shared by processes: a relative path is a `ConfigError`, as each folder that a
    process is started in would give it another meaning.
    """
    found = expanded(name, path, environment)
    if not found.is_absolute():
        raise ConfigError(
            f"{name}: {path!r} is relative: each folder that a process is started in would have another one; write "
            f"the whole path, such as {Path.cwd() / found}"
        )
    return found


def below(name: str, path: str, folder: Path, environment: Mapping[str, str] = os.environ) -> str:
    """A path in a file that is in `folder`, from where a relative one leads."""
    return str(folder / expanded(name, path, environment))
