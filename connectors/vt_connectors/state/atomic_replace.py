"""Puts a finished file at a path that other processes use, and where they may put a file at the same moment.

A file appears whole or not at all. A file is moved away only if it is the expected one, and no file is overwritten.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from ..light_typing import TYPE_CHECKING, Callable
from . import SIDECARS, inode

if TYPE_CHECKING:
    from pathlib import Path


def is_there(path: Path) -> bool:
    """Whether a file is at `path`; False also if it cannot be accessed."""
    try:
        return inode(path) != -1
    except OSError:
        return False


def place(fresh: Path, path: Path, instead_of: int, bad: Path, patience_s: float) -> bool:
    """Move `fresh` to `path` if the file `instead_of` (an inode, -1 for none) is still there. Returns whether it was.

    The earlier file is renamed to `bad`. Raises `OSError`.
    """
    with alone_in(path.parent, patience_s) as folder:
        if folder.inode(path) != instead_of:
            return False
        if instead_of != -1 and not folder.moved(path, bad, instead_of):
            return False
        for suffix in SIDECARS:
            with contextlib.suppress(FileNotFoundError):
                folder.unlink(path.with_name(path.name + suffix))
        return folder.named(fresh, path)


class _Folder:
    """File operations in one folder, by its descriptor (None: not supported on this system).

    So if its path is changed to another folder meanwhile, nothing happens there.
    """

    def __init__(self, descriptor: int | None) -> None:
        self.descriptor = descriptor

    def _name(self, path: Path) -> str:
        return str(path) if self.descriptor is None else path.name

    def inode(self, path: Path) -> int:
        try:
            return os.lstat(self._name(path), dir_fd=self.descriptor).st_ino
        except FileNotFoundError:
            return -1

    def unlink(self, path: Path) -> None:
        os.unlink(self._name(path), dir_fd=self.descriptor)

    def moved(self, path: Path, bad: Path, expected: int) -> bool:
        """Move the file `expected` from `path` to the unused name `bad`; another file is moved back."""
        here = self.descriptor
        os.rename(self._name(path), self._name(bad), src_dir_fd=here, dst_dir_fd=here)
        if self.inode(bad) == expected:
            return True
        self.named(bad, path)
        return False

    def named(self, file: Path, path: Path) -> bool:
        """Give `file` the name `path` if that is unused. Returns whether it was."""
        here, names = self.descriptor, (self._name(file), self._name(path))
        try:
            os.link(*names, src_dir_fd=here, dst_dir_fd=here, follow_symlinks=False)
        except FileExistsError:
            return False
        except (OSError, NotImplementedError):
            # The file system has no hard links.
            if self.inode(path) != -1:
                return False
            os.rename(*names, src_dir_fd=here, dst_dir_fd=here)
        else:
            self.unlink(file)
        return True


@contextlib.contextmanager
def alone_in(folder: Path, patience_s: float) -> Iterator[_Folder]:
    """Lock the folder against other processes. On systems without `fcntl`, there is no lock."""
    try:
        import fcntl
    except ImportError:
        yield _Folder(None)
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _patiently(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB), patience_s)
        yield _Folder(descriptor)
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
