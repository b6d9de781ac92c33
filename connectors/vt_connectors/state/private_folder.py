"""Folders that only their owner can access, with any umask."""

from __future__ import annotations

from pathlib import Path

_MODE = 0o700


def make_private_folder(path: Path) -> None:
    """Make the folder `path` and its missing parents. An existing folder stays unchanged. Raises `OSError`."""
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
    # The umask may have removed rights that we need.
    path.chmod(_MODE)
