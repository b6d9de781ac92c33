"""The paths of the state files."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping

from ...errors import ConfigError
from ...light_typing import TYPE_CHECKING
from ...log import logger
from ...quick_imports import suppress

if TYPE_CHECKING:
    from pathlib import Path

_LOG = logger("state")
# SQLite's locks do not work between machines on these, so two hosts would each grant the whole quota.
_NETWORK = ("nfs", "cifs", "smb", "afs", "ceph", "lustre", "9p", "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs")


_MOUNTS = "/proc/mounts"
# Files that SQLite makes beside a database, https://www.sqlite.org/tempfiles.html
_BESIDE = ("-wal", "-shm", "-journal")
# Bytes. Linux allows 255 in a name and 4095 in a path. Names of files beside the state file are up to 54 longer.
_LONGEST_NAME, _LONGEST_PART, _LONGEST_PATH = 200, 255, 4000


def default_state_file(environment: Mapping[str, str], *, has_home: bool = True) -> Path:
    """`state.db` in the user's state folder (by `XDG_STATE_HOME`).

    `has_home`: whether the user's home folder exists. If not, as in many containers, it is in the temporary
    folder, with a warning.
    """
    from pathlib import Path

    import platformdirs

    if has_home or environment.get("XDG_STATE_HOME", "").strip():
        with suppress(RuntimeError):
            return Path(platformdirs.user_state_dir("vt-connectors", appauthor=False)) / "state.db"
    path = substitute_file(environment).with_name("state.db")
    _warn_of_temporary(path)
    return path


@functools.cache
def _warn_of_temporary(path: Path) -> None:
    _LOG.warning(
        "this user has no home folder, so cache and quota are in %s until that is cleaned up; to keep them, set "
        "VT_STATE to a file or a server",
        path,
    )


def quota_file(state_file: str | Path) -> Path:
    """The quota's file, beside the cache's. They are separate because only the cache may be deleted safely."""
    from pathlib import Path

    return Path(quota_place(os.fspath(state_file)))


def quota_place(state_file: str) -> str:
    """As `quota_file`, as text."""
    return _beside(state_file, "-quota")


def leases_place(state_file: str) -> str:
    """The path of the leases, which have a separate file so that they wait neither for locks of the cache nor for the
    quota's slower writes.
    """
    return _beside(state_file, "-leases")


def _beside(state_file: str, ending: str) -> str:
    stem, suffix = os.path.splitext(state_file)
    if suffix in ("", "."):
        return f"{state_file}{ending}.db"
    return f"{stem}{ending}{suffix}"


def substitute_file(environment: Mapping[str, str]) -> Path:
    """The quota record for all processes of this user on this machine while the shared record cannot be used: in the
    user's runtime folder (`XDG_RUNTIME_DIR`), else in the temporary folder.
    """
    from pathlib import Path

    user = str(os.getuid()) if hasattr(os, "getuid") else "user"
    for runtime in (environment.get("XDG_RUNTIME_DIR", ""), f"/run/user/{user}"):
        if runtime and os.access(runtime, os.W_OK | os.X_OK):
            return Path(runtime) / "vt-connectors" / "quota.db"
    temporary = next((environment[name] for name in ("TMPDIR", "TEMP", "TMP") if environment.get(name)), "/tmp")  # noqa: S108
    return Path(temporary) / f"vt-connectors-{user}" / "quota.db"


def refuse_unsafe_place(path: str | Path) -> None:
    """Raise `ConfigError` if the state file has an impossible name, or is on a network file system, or if it or its
    quota record is a mount point (mounts are checked on Linux only).
    """
    _refuse_long(os.fspath(path))
    real = os.path.realpath(path)
    _refuse_long(real)
    if not os.path.basename(real):
        raise ConfigError(f"the state file {path} is a folder; name a file in it")
    if real.endswith(_BESIDE):
        raise ConfigError(
            f"the state file {path} has a name that SQLite uses for files beside a database; name the database, or "
            "another file"
        )
    mounts = all_mounts()
    kind = network_file_system(path, mounts)
    if kind:
        raise ConfigError(
            f"the state file {path} is on a network file system ({kind}), where file locks do not work between "
            "machines; set VT_STATE to a file on a local disk"
        )
    mounted = {point for point, _ in mounts}
    for file in (real, quota_place(real)):
        if file in mounted:
            raise ConfigError(
                f"the state file {file} is mounted alone, without the files that belong to it; mount its folder instead"
            )


def _refuse_long(path: str) -> None:
    """Raise `ConfigError` if the system cannot have the path, or a file whose name begins like it."""
    too_long = len(os.fsencode(path)) > _LONGEST_PATH or any(
        len(os.fsencode(part)) > _LONGEST_PART for part in path.split(os.sep)
    )
    if too_long or len(os.fsencode(os.path.basename(path))) > _LONGEST_NAME:
        shown = f"{path[:60]}..."
        raise ConfigError(
            f"the path of the state file is too long: {shown}; name a file with at most {_LONGEST_NAME} bytes in its "
            f"name and {_LONGEST_PATH} in its path"
        )


def network_file_system(path: str | Path, mounts: Iterable[tuple[str, str]]) -> str | None:
    """The network file system of `path`, or None. `mounts`: as from `all_mounts`."""
    target = os.path.realpath(_existing(os.fspath(path)))
    best, best_kind = "", ""
    for point, kind in mounts:
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, best_kind = point, kind
    return best_kind if best_kind.startswith(_NETWORK) else None


def all_mounts(mounts: str | Path = _MOUNTS) -> list[tuple[str, str]]:
    """Each mount point with its file system, in the order of mounting."""
    try:
        with open(mounts, encoding="utf-8", errors="replace") as file:
            return _rows(file.read())
    except OSError:
        return []


@functools.lru_cache(maxsize=1)
def _rows(text: str) -> list[tuple[str, str]]:
    rows = [line.split() for line in text.splitlines()]
    return [(_unescaped(row[1]) if "\\" in row[1] else row[1], row[2]) for row in rows if len(row) >= 3]


def _unescaped(point: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point


def _existing(path: str) -> str:
    """The first of `path` and its parents that exists, as far as this user can access it."""
    while not os.path.exists(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path
