"""The place of a file that is to be created: complete under its name, or not there at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from typing import BinaryIO

from ..errors import InvalidRequest, printable
from ..threads import lock_of_process
from .file_access import FileAccess
from .file_content import refused

_PARAM = "path"
_IN_FOLDERS = os.open in os.supports_dir_fd
_SHOWN = 200
# Readable and writable for the owner only, and not executable.
_MODE = 0o600
# The files that this process is about to create: device and inode of the folder, and the name.
_claimed: set[tuple[int, int, str]] = set()
_claims = lock_of_process()


class Place:
    """A folder, and the file's `name` in it; None until it is known. Made by `opened_place`.

    Works within the open folder, so nothing happens elsewhere if its path leads to another folder meanwhile.
    """

    def __init__(self, folder: str, descriptor: int, name: str | None, access: FileAccess, overwrite: bool) -> None:
        self._folder = folder
        self._descriptor = descriptor
        self._access = access
        self._overwrite = overwrite
        self._part = f".download-{secrets.token_hex(8)}.part"
        self.name = name

    @property
    def path(self) -> str:
        """The file's absolute path."""
        return os.path.join(os.path.abspath(self._folder), self.name or "")  # noqa: PTH100, PTH118

    def check(self) -> None:
        """Raises `InvalidRequest` if the file must not be created, or is there already."""
        assert self.name is not None, "the name is known"
        why_not = self._access.why_not_created(self._descriptor, self.name)
        if why_not is not None:
            raise self._refused(why_not)
        try:
            there = os.lstat(self._at(self.name), dir_fd=self._dir_fd)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise self._unwritable(error) from None
        if not self._overwrite:
            raise self._refused("exists already; add overwrite: true, or name another file")
        if not stat.S_ISREG(there.st_mode):
            raise self._refused("is not a regular file, so it is not overwritten")
        if not _may_be_a_download(there):
            raise self._refused(
                "is not a file that only this user can read and write, as downloads are, so it is not overwritten; "
                "name another file"
            )

    @contextlib.contextmanager
    def claimed(self, name: str) -> Iterator[None]:
        """Nothing else in this process creates `name` here meanwhile. Raises `InvalidRequest` if that is under way.

        `name`: the file's, or what it follows from if it is not known. Another process is noticed by `finish` only.
        """
        folder = os.fstat(self._descriptor)
        claim = folder.st_dev, folder.st_ino, name
        with _claims:
            if claim in _claimed:
                path = os.path.join(os.path.abspath(self._folder), name)  # noqa: PTH100, PTH118
                raise refused(
                    _PARAM,
                    f"{_shown(path)} is being created by another download of this process, so this one was not sent; "
                    "name another file",
                )
            _claimed.add(claim)
        try:
            if self.name is not None:
                # An earlier download may have created it since the first check.
                self.check()
            yield
        finally:
            with _claims:
                _claimed.discard(claim)

    @contextlib.contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """A new file without the final name. It is removed unless `finish` was called."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(self._at(self._part), flags | getattr(os, "O_CLOEXEC", 0), _MODE, dir_fd=self._dir_fd)
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            with os.fdopen(descriptor, "w+b", buffering=0) as file:
                yield file
        finally:
            with contextlib.suppress(OSError):
                os.unlink(self._at(self._part), dir_fd=self._dir_fd)

    def finish(self, file: BinaryIO) -> None:
        """Give the complete file its name. Raises `InvalidRequest`."""
        self.check()
        assert self.name is not None, "the name is known"
        part, name, here = self._at(self._part), self._at(self.name), self._dir_fd
        try:
            os.fsync(file.fileno())
            if self._overwrite:
                os.replace(part, name, src_dir_fd=here, dst_dir_fd=here)
            else:
                self._named(part, name)
        except FileExistsError:
            raise self._refused("exists already; add overwrite: true, or name another file") from None
        except OSError as error:
            raise self._unwritable(error) from None

    def _named(self, part: str, name: str) -> None:
        """Raises `FileExistsError` if there is a file with the name."""
        here = self._dir_fd
        try:
            os.link(part, name, src_dir_fd=here, dst_dir_fd=here, follow_symlinks=False)
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):
            # The file system has no hard links: an empty file reserves the name.
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE, dir_fd=here))
            os.replace(part, name, src_dir_fd=here, dst_dir_fd=here)

    @property
    def _dir_fd(self) -> int | None:
        return self._descriptor if _IN_FOLDERS else None

    def _at(self, name: str) -> str:
        return name if _IN_FOLDERS else os.path.join(self._folder, name)  # noqa: PTH118

    def _refused(self, why: str) -> InvalidRequest:
        return refused(_PARAM, f"{_shown(self.path)} {why}")

    def _unwritable(self, error: Exception) -> InvalidRequest:
        return self._refused(f"cannot be written: {getattr(error, 'strerror', None) or 'it cannot be a path'}")


@contextlib.contextmanager
def opened_place(path: str, access: FileAccess, *, overwrite: bool) -> Iterator[Place]:
    """`path`: an existing folder, then the name is to be set later; or the file to create, in an existing folder.

    Raises `InvalidRequest`.
    """
    try:
        is_folder = os.path.isdir(path)  # noqa: PTH112
        folder, name = (path, None) if is_folder else os.path.split(path)
    except ValueError:
        raise refused(_PARAM, f"{_shown(path)} cannot be a path") from None
    if not is_folder and name in ("", ".", ".."):
        raise refused(_PARAM, f"{_shown(path)} is not a folder that exists")
    folder = folder or "."
    try:
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it cannot be a path"
        raise refused(_PARAM, f"{_shown(folder)} is not a folder that can be opened: {why}") from None
    try:
        place = Place(folder, descriptor, name, access, overwrite)
        if name is not None:
            place.check()
        elif (why_not := access.why_not_created(descriptor, "")) is not None:
            raise refused(_PARAM, f"{_shown(folder)} {why_not}")
        yield place
    finally:
        os.close(descriptor)


def _may_be_a_download(there: os.stat_result) -> bool:
    """Whether the file has the owner and the mode of an earlier download. Others are files of the system, of other
    programs or for other users: a path from outside must not lead to their loss, above all not as root.
    """
    if not hasattr(os, "getuid"):
        return True
    return there.st_uid == os.getuid() and stat.S_IMODE(there.st_mode) == _MODE


def _shown(path: str) -> str:
    return repr(printable(path if len(path) <= _SHOWN else path[:_SHOWN] + "..."))
