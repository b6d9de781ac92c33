"""Which files may be sent or created: none of vt-connectors' own, and if folders are configured, only files in them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..light_typing import Callable, NamedTuple
from ..state.ownership import is_any_of_ours

PathsOf = Callable[[], Iterable[Path]]


_OWN = "is one of vt-connectors' own files (key, settings or state), which are never sent"
_OWN_PLACE = "is the place of one of vt-connectors' own files (key, settings or state), which are never overwritten"


def _none() -> Iterable[Path]:
    return ()


class OwnFiles(NamedTuple):
    """`files`: key and configuration. `states`: files of the state, including files beside them that begin with the
    same name.
    """

    files: PathsOf = _none
    states: tuple[Path, ...] = ()


NO_FILES = OwnFiles()


class FileAccess:
    """Says why a file may not be sent. The open file decides, not its name: a link, another mount or `/proc/self/fd`
    leads to the same file, and a name may come to mean another file.
    """

    def __init__(self, own: OwnFiles = NO_FILES, roots: Iterable[str] = ()) -> None:
        self._own = own
        self._roots = tuple(roots)

    def why_not_opened(self, path: str) -> str | None:
        """Why the file at `path` must not be opened, or None: if this process opened and closed a file of the state,
        it would lose its locks on that file. Raises nothing. None does not mean that the file may be sent.
        """
        with contextlib.suppress(OSError, ValueError):
            return _OWN if self._is_own(path, os.stat(path)) else None  # noqa: PTH116
        return None

    def why_not(self, descriptor: int) -> str | None:
        """Why the open file may not be sent, or None if it may."""
        seen = os.fstat(descriptor)
        if self._is_own(descriptor, seen):
            return _OWN
        if self._roots and not self._is_below_a_root(descriptor, seen):
            return "is not in a folder of VT_SCAN_ROOTS"
        return None

    def why_not_created(self, folder: int, name: str) -> str | None:
        """Why a file `name` must not be put into the open `folder`, or None if it may."""
        seen, path = os.fstat(folder), _path_of(folder)
        if self._roots and not self._is_below_a_root(folder, seen, or_a_root=True):
            return "is not in a folder of VT_SCAN_ROOTS"
        if path is not None and any(self._is_place_of(own, path / name) for own in self._own_names()):
            return _OWN_PLACE
        with contextlib.suppress(OSError, ValueError, NotImplementedError):
            there = str(path / name) if path is not None else name
            if self._is_own(there, os.stat(name, dir_fd=folder)):
                return _OWN_PLACE
        return None

    def _own_names(self) -> Iterator[tuple[Path, bool]]:
        """Where our files are or will be; True: also files whose name begins like it."""
        yield from ((path, False) for path in self._own.files())
        yield from ((path, True) for path in self._own.states)

    @staticmethod
    def _is_place_of(own: tuple[Path, bool], path: Path) -> bool:
        place, with_others = own
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            for named in (place.expanduser(), Path(os.path.realpath(place.expanduser()))):
                if Path(os.path.realpath(named.parent)) != path.parent:
                    continue
                begins = (named.name, f"{named.stem}-") if with_others else ()
                if path.name == named.name or path.name.lstrip(".").startswith(begins):
                    return True
        return False

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
            # The records of quota and leases, SQLite's own files, temporary files, and damaged files set aside.
            of_state = path.name, f"{path.stem}-"
            with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
                yield from (Path(entry.path) for entry in entries if entry.name.lstrip(".").startswith(of_state))

    def _is_below_a_root(self, descriptor: int, seen: os.stat_result, *, or_a_root: bool = False) -> bool:
        path = _path_of(descriptor)
        if path is None:
            return False
        with contextlib.suppress(OSError, ValueError):
            there = path.stat()
            # If another file has this name now, the name says nothing about the open file.
            if (there.st_dev, there.st_ino) != (seen.st_dev, seen.st_ino):
                return False
            places = (*path.parents, path) if or_a_root else path.parents
            return any(Path(os.path.realpath(root)) in places for root in self._roots)
        return False


EVERY_FILE = FileAccess()


def _path_of(descriptor: int) -> Path | None:
    """The open file's path with links resolved; None if the system does not give it."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/self/fd/{descriptor}").readlink()
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        of_macos: int = getattr(fcntl, "F_GETPATH")  # noqa: B009
        found: bytes = fcntl.fcntl(descriptor, of_macos, b"\0" * 1024)
        return Path(os.path.realpath(os.fsdecode(found.rstrip(b"\0"))))
    return None
