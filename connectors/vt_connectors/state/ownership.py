"""Whether this product made a file. All other files stay unchanged, even if they look damaged.

A file of ours has SQLite's magic bytes and our application id in its header. Damage may destroy these, so the file also
has a mark (an extended attribute). The mark belongs to the file and not to its name: an overwritten file keeps it,
another file at the same path does not have it. A file with neither is refused. On systems without extended attributes,
only the header counts.
"""

from __future__ import annotations

import os
import stat
import threading

from ..errors import ConfigError
from ..light_typing import TYPE_CHECKING, Callable, NoReturn
from ..threads import freed_at_fork
from . import SIDECARS
from .trust import refuse_untrusted_file, refuse_untrusted_folder

if TYPE_CHECKING:
    from pathlib import Path

# "VTca", "VTqu" and "VTle". PRAGMA application_id, at offset 68 of the header: https://www.sqlite.org/fileformat.html
CACHE_ID, QUOTA_ID, LEASES_ID = 0x56546361, 0x56547175, 0x56546C65
_KINDS = {CACHE_ID: "a cache", QUOTA_ID: "a record of the quota", LEASES_ID: "a file of leases"}
_MARK = "user.vt-connectors"
_MAGIC = b"SQLite format 3\x00"
_PAGE = 4096
_ABOUT = "the state file"
_NEXT_STEP = "move it, or delete it if it is not needed, or name another file for the state"

# Given the first page of a file without an application id: whether an earlier version of this product made the file.
IsOfEarlierVersion = Callable[[bytes], bool]


class Unclear(ConfigError):
    """Another process may be replacing the file just now: check again with the folder locked."""


class _OpenFiles:
    """The files whose headers were read here, each held open until the process ends.

    If a process closes any descriptor of a file, it loses all its locks on that file, including SQLite's. An open file
    also keeps its inode number, so a known pair of numbers means the same file.
    """

    def __init__(self) -> None:
        self._lock = freed_at_fork(threading.Lock())
        self._open: dict[tuple[int, int], int] = {}

    def first_page(self, path: str) -> tuple[int, bytes]:
        """A descriptor of the regular file at `path`, and its first bytes. Raises `OSError`."""
        with self._lock:
            found = os.lstat(path)
            known = self._open.get((found.st_dev, found.st_ino))
            if known is None:
                known = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
                found = os.fstat(known)
                known = self._open.setdefault((found.st_dev, found.st_ino), known)
            os.lseek(known, 0, os.SEEK_SET)
            return known, os.read(known, _PAGE)


_OPEN_FILES = _OpenFiles()


def own_inode(path: str, application_id: int, is_earlier: IsOfEarlierVersion, *, knew: bool) -> int:
    """The inode number of our file at `path`; -1 if there is no file, and it may be made.

    `knew`: this process has used a file of ours at this path. Raises `ConfigError` if nothing shows that the file is
    ours, or if another user can change it, `Unclear` if that may change in a moment, and `OSError` if the path cannot
    be accessed.
    """
    refuse_untrusted_folder(os.path.dirname(path), _ABOUT)
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        _check_sidecars(path, are_ours=knew)
        return -1
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"VT_STATE: {path} is not a regular file; set VT_STATE to a path where a file can be made")
    refuse_untrusted_file(path, _ABOUT)
    try:
        _check_is_ours(path, application_id, is_earlier)
    except PermissionError:
        raise ConfigError(
            f"{_ABOUT} {path} may not be read by this user; run as the owner of the file, or {_NEXT_STEP}"
        ) from None
    if found.st_nlink > 1:
        raise Unclear(
            f"{_ABOUT} {path} has a second name (a hard link); SQLite finds the files beside it by name, so it would "
            "be damaged; delete one of the names, and use a symbolic link instead"
        )
    _check_sidecars(path, are_ours=True)
    return found.st_ino


def _check_is_ours(path: str, application_id: int, is_earlier: IsOfEarlierVersion) -> None:
    mark = _mark_of(path)
    if mark is None:
        descriptor, page = _OPEN_FILES.first_page(path)
        found = _application_id(page)
        if found != application_id and not (found == 0 and is_earlier(page)):
            refuse_foreign(path, found)
        put_mark(descriptor, application_id)
    elif mark != _mark(application_id):
        refuse_foreign(path, next((known for known in _KINDS if mark == _mark(known)), None))


def _application_id(page: bytes) -> int | None:
    """None for a file that is not an SQLite database."""
    if len(page) < 100 or not page.startswith(_MAGIC):
        return None
    return int.from_bytes(page[68:72], "big")


def refuse_foreign(path: str, found: int | None) -> NoReturn:
    """Raise `ConfigError` for a file with the application id `found` (None: not SQLite's)."""
    kind = _KINDS.get(found or 0)
    if kind:
        raise ConfigError(f"VT_STATE: {path} is {kind} of vt-connectors, not of the expected kind; name another file")
    raise ConfigError(f"VT_STATE: {path} was not made by vt-connectors, so it is left untouched; {_NEXT_STEP}")


def _check_sidecars(path: str, *, are_ours: bool) -> None:
    """Refuse links and foreign files at these names, because SQLite would write to them."""
    for suffix in SIDECARS:
        name = path + suffix
        try:
            found = os.lstat(name)
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            raise ConfigError(
                f"VT_STATE: {name} is a link or not a regular file, and SQLite would write to it; delete it"
            )
        refuse_untrusted_file(name, _ABOUT)
        is_empty_journal = found.st_size == 0 and suffix == "-journal"
        if not are_ours and not is_empty_journal and _mark_of(name) is None:
            raise Unclear(
                f"VT_STATE: {name} exists without its database, and nothing shows that vt-connectors made it; "
                "move or delete it, or name another file for the state"
            )


def mark_sidecars(path: str, application_id: int) -> None:
    """Mark the files beside our file at `path`, so that they are known as ours if that file is deleted."""
    for suffix in SIDECARS:
        if _mark_of(path + suffix) is None:
            put_mark(path + suffix, application_id)


def put_mark(file: int | str, application_id: int) -> None:
    """Mark a file of ours, given as a descriptor or a path. If that is not possible, only its header counts."""
    try:
        if isinstance(file, int):
            os.setxattr(file, _MARK, _mark(application_id))
        else:
            os.setxattr(file, _MARK, _mark(application_id), follow_symlinks=False)
    except (OSError, AttributeError):
        return


def is_any_of_ours(file: int | str) -> bool:
    """Whether an open file, or the file at a path, is a state file of this product, or SQLite's file beside one.

    A path is not opened, because closing the file would release this process's locks on it. So a file without a mark
    is only recognised if it is open.
    """
    try:
        if isinstance(file, str):
            return os.getxattr(file, _MARK) in _MARKS
        if os.getxattr(file, _MARK) in _MARKS:
            return True
    except (OSError, ValueError, AttributeError):
        if isinstance(file, str):
            return False
    page = os.read(file, _PAGE)
    os.lseek(file, 0, os.SEEK_SET)
    return _application_id(page) in _KINDS


def _mark_of(path: str) -> bytes | None:
    """Raises `PermissionError`."""
    try:
        return os.getxattr(path, _MARK, follow_symlinks=False)
    except PermissionError:
        raise
    except (OSError, AttributeError):
        return None


def _mark(application_id: int) -> bytes:
    return b"%08x" % application_id


_MARKS = {_mark(known) for known in _KINDS}


def drop_leftover_names(path: Path) -> None:
    """Delete other names of the file at `path`, left by a process that was killed while it made the file."""
    found = os.lstat(path)
    with os.scandir(path.parent) as entries:
        for entry in entries:
            if entry.name.startswith(f".{path.name}.") and entry.inode() == found.st_ino:
                os.unlink(entry.path)
