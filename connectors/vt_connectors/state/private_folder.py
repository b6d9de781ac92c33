"""Folders that only their owner may look into, whatever the umask is."""

from __future__ import annotations

from pathlib import Path

_MODE = 0o700


def make_private_folder(path: Path) -> None:
    """Make `path`, and those above it that are not there. One that is there stays as it is. Raises `OSError`."""
    if path.is_dir():
        return
    if path.parent != path:
        make_private_folder(path.parent)
    try:
        path.mkdir(mode=_MODE)
    except FileExistsError:
        if not path.is_dir():
            raise
        return
    # A umask may have taken rights that we need.
    path.chmod(_MODE)
