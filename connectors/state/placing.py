"""Putting a finished file at a path that other processes watch, and may be filling at the same moment.

A file appears whole or not at all: nobody meets one that is half made, and an empty one is always a damaged one.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

# What SQLite keeps beside its file; what an earlier file left there would be played into the new one.
SIDECARS = ("-wal", "-shm", "-journal")


def inode(path: str | Path) -> int:
    """Which file is at `path`; -1 for none."""
    try:
        return os.stat(path).st_ino  # noqa: PTH116  # a third of the time, and every read begins with it
    except FileNotFoundError:
        return -1


def place(fresh: Path, path: Path, instead_of: int, bad: Path, patience_s: float) -> bool:
    """Move `fresh` to `path` if the file `instead_of` (an inode, -1 for none) is there still; whether it was.

    The file that was there is kept as `bad`. Raises `OSError`.
    """
    with _alone_in(path.parent, patience_s):
        if inode(path) != instead_of:
            return False
        if instead_of != -1:
            _keep(path, bad)
        for suffix in SIDECARS:
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).unlink()
        fresh.replace(path)
        return True


def _keep(path: Path, bad: Path) -> None:
    try:
        # A second name, not another one: the path is never without a file.
        os.link(path, bad)
    except OSError:
        path.replace(bad)


@contextlib.contextmanager
def _alone_in(folder: Path, patience_s: float) -> Iterator[None]:
    """No other process is in here for the same folder. Where there are no such locks, it is left to luck."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _patiently(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB), patience_s)
        yield
    finally:
        os.close(descriptor)


def _patiently(lock: Callable[[], None], patience_s: float) -> None:
    give_up = time.monotonic() + patience_s
    while True:
        try:
            return lock()
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.001)
