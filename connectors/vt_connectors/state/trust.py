"""Whether another user of this machine could write or replace a file (POSIX only).

Root and the user of this process are trusted. Any other owner can change a file, independent of its mode.
"""

from __future__ import annotations

import os
import stat

from ..errors import ConfigError
from ..light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ROOT = 0
_ACL = "system.posix_acl_access"


def refuse_untrusted(path: str | Path, about: str) -> None:
    """Raise `ConfigError` if another user can change the file at `path`, replace it, or redirect the link there.

    `about` begins the message, for example `VT_CONFIG:`. A missing file or folder is ignored.
    """
    place, real = os.path.abspath(path), os.path.realpath(path)
    for folder in dict.fromkeys((os.path.dirname(place), os.path.dirname(real))):
        refuse_untrusted_folder(folder, about)
    for name in dict.fromkeys((place, real)):
        refuse_untrusted_file(name, about)


def refuse_untrusted_folder(folder: str, about: str) -> None:
    """Raise `ConfigError` if another user can replace files in `folder`."""
    found = _look(folder)
    why = found and _why_untrusted(folder, found)
    if why:
        raise ConfigError(
            f"{about} the folder {folder} {why}, so its files can be replaced; remove those rights, "
            f"or name a file in a separate folder, such as {folder}/vt-connectors/state.db"
        )


def refuse_untrusted_file(path: str, about: str) -> None:
    """The same for one file, or for a link itself."""
    found = _look(path)
    if found is None or not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        return
    why = _why_untrusted(path, found)
    if why:
        raise ConfigError(
            f"{about} {path} {why}; make it accessible to this user only (chown, chmod 600), or name another file"
        )


def is_readable_by_all(path: str | Path) -> bool:
    """Whether every user can read a file by its mode; False if it cannot be accessed."""
    try:
        found = os.stat(path)
    except OSError:
        return False
    return hasattr(os, "geteuid") and stat.S_ISREG(found.st_mode) and bool(found.st_mode & stat.S_IROTH)


def _look(path: str) -> os.stat_result | None:
    """None if it does not exist or cannot be accessed; then its use reports the error."""
    try:
        return os.lstat(path)
    except OSError:
        return None


def _why_untrusted(path: str, found: os.stat_result) -> str | None:
    why = _why_changeable(path, found) if hasattr(os, "geteuid") else None
    return why if why and not _is_read_only(path) else None


def _why_changeable(path: str, found: os.stat_result) -> str | None:
    if found.st_uid not in (_ROOT, os.geteuid()):
        return f"belongs to another user (uid {found.st_uid})"
    mode = stat.S_IMODE(found.st_mode)
    is_sticky = stat.S_ISDIR(found.st_mode) and mode & stat.S_ISVTX
    if stat.S_ISLNK(found.st_mode) or is_sticky:
        return None
    if mode & stat.S_IWOTH:
        return f"can be written by every user (mode {mode:04o})"
    if mode & stat.S_IWGRP and (_has_acl(path) or not _is_own_group(found.st_gid)):
        return f"can be written by other users (mode {mode:04o}, group {found.st_gid})"
    return None


def _is_read_only(path: str) -> bool:
    """Whether it is on a read-only mount, like secrets in containers: then its owner cannot change it here."""
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _has_acl(path: str) -> bool:
    """With an access list, the group's bits are the most rights of any user or group in the list."""
    try:
        return _ACL in os.listxattr(path)
    except (OSError, AttributeError):
        return False


def _is_own_group(gid: int) -> bool:
    """Whether only trusted users are members of a group, like the private group of a user on many systems."""
    import grp
    import pwd

    trusted = (_ROOT, os.geteuid())
    try:
        members = grp.getgrgid(gid).gr_mem
    except KeyError:
        members = []
    try:
        others = [name for name in members if pwd.getpwnam(name).pw_uid not in trusted]
    except KeyError:
        return False
    return not others and all(user.pw_uid in trusted for user in pwd.getpwall() if user.pw_gid == gid)


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
