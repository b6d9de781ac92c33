"""Which files may be sent: none of the product's own, and if folders are named, only what lies below one of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Callable, NamedTuple

from ..state.ownership import is_any_of_ours

PathsOf = Callable[[], Iterable[Path]]


_OWN = "is a file of this product's own, with its key, settings or state; it is never sent"


def _none() -> Iterable[Path]:
    return ()


class OwnFiles(NamedTuple):
    """`files`: key and configuration. `states`: files of the state; what lies beside them under their names is meant
    too.
    """

    files: PathsOf = _none
    states: tuple[Path, ...] = ()


NO_FILES = OwnFiles()


class FileAccess:
    """`why_not` says why a file may not be sent. What counts is the open file itself and no name: a link, another
    mount or `/proc/self/fd` leads to the same file, and a name may change its meaning meanwhile.
    """

    def __init__(self, own: OwnFiles = NO_FILES, roots: Iterable[str] = ()) -> None:
        self._own = own
        self._roots = tuple(roots)

    def why_not_opened(self, path: str) -> str | None:
        """Why the file at `path` is not even to be opened: if this process closed a file of the state again, it would
        lose its locks on it. None says no more than that; it raises nothing.
        """
        with contextlib.suppress(OSError, ValueError):
            return _OWN if self._is_own(path, os.stat(path)) else None  # noqa: PTH116
        return None

    def why_not(self, descriptor: int) -> str | None:
        """None if it may be sent."""
        seen = os.fstat(descriptor)
        if self._is_own(descriptor, seen):
            return _OWN
        if self._roots and not self._is_below_a_root(descriptor, seen):
            return "is in none of the folders that VT_SCAN_ROOTS names"
        return None

    def _is_own(self, file: int | str, seen: os.stat_result) -> bool:
        return (seen.st_dev, seen.st_ino) in set(self._own_inodes()) or is_any_of_ours(file)

    def _own_inodes(self) -> Iterator[tuple[int, int]]:
        for path in self._own_paths():
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                seen = path.expanduser().stat()
                yield seen.st_dev, seen.st_ino

    def _own_paths(self) -> Iterator[Path]:
        yield from self._own.files()
        for path in {path for named in self._own.states for path in (named, Path(os.path.realpath(named)))}:
            # The records of quota and leases, SQLite's own files, those being made, and damaged ones set aside.
            of_state = path.name, f"{path.stem}-"
            with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
                yield from (Path(entry.path) for entry in entries if entry.name.lstrip(".").startswith(of_state))

    def _is_below_a_root(self, descriptor: int, seen: os.stat_result) -> bool:
        path = _path_of(descriptor)
        if path is None:
            return False
        with contextlib.suppress(OSError, ValueError):
            there = path.stat()
            # Gone, or moved away and another one put in its place: then its name says nothing of it.
            if (there.st_dev, there.st_ino) != (seen.st_dev, seen.st_ino):
                return False
            return any(Path(os.path.realpath(root)) in path.parents for root in self._roots)
        return False


EVERY_FILE = FileAccess()


def _path_of(descriptor: int) -> Path | None:
    """Where the open file lies, without links; None if the system does not say."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/self/fd/{descriptor}").readlink()
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        of_macos: int = getattr(fcntl, "F_GETPATH")  # noqa: B009
        found: bytes = fcntl.fcntl(descriptor, of_macos, b"\0" * 1024)
        return Path(os.path.realpath(os.fsdecode(found.rstrip(b"\0"))))
    return None
