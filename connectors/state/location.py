"""Where the state lies."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConfigError

# SQLite's locks do not hold between machines on these; two hosts would each grant the whole quota.
_NETWORK = ("nfs", "cifs", "smb", "afs", "ceph", "lustre", "9p", "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs")


def default_state_file() -> Path:
    """`state.db` in the user's state folder (`XDG_STATE_HOME` is respected)."""
    import platformdirs

    return Path(platformdirs.user_state_dir("vt-connectors", appauthor=False)) / "state.db"


def quota_file(state_file: Path) -> Path:
    """The quota's own file beside the cache's: one is precious, the other can be thrown away."""
    return state_file.with_name(state_file.stem + "-quota" + (state_file.suffix or ".db"))


def refuse_network_folder(path: Path) -> None:
    """Raise `ConfigError` where `path` lies on a network file system (Linux only; elsewhere nothing is checked)."""
    kind = network_file_system(path)
    if kind:
        raise ConfigError(
            f"the state file {path} lies on a network file system ({kind}), where file locks do not hold between "
            "machines; set VT_STATE to a file on a local disk"
        )


def network_file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """The network file system `path` lies on, or None."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    target = str(_existing(path).resolve())
    best, best_kind = "", ""
    for line in lines:
        fields = line.split()
        if len(fields) < 3:
            continue
        point, kind = fields[1].replace("\\040", " "), fields[2]
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, best_kind = point, kind
    return best_kind if best_kind.startswith(_NETWORK) else None


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
