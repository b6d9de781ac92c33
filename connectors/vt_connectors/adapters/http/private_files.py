"""Files that only the user of the server may read and write: tokens, and the secret of the audit log."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from ...errors import ConfigError
from ...state.atomic_replace import alone_in
from ...state.trust import make_private_folder, refuse_untrusted

_MODE = 0o600
_MOST_BYTES = 1024 * 1024
_LOCKED_S = 10.0
_CLOSED_ON_EXEC = getattr(os, "O_CLOEXEC", 0)


def require_folder(option: str, path: Path) -> None:
    """Raises `ConfigError` if the folder of the file of `option` does not exist: the path may be mistyped."""
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise ConfigError(f"{option} {path}: there is no folder {folder}; make it, or correct the path")


def read_private(path: Path, about: str) -> str:
    """The text of the file. `about` begins messages, for example `the tokens file`.

    Raises `ConfigError` if another user may read, write or replace it, or if it cannot be read; `FileNotFoundError`.
    """
    try:
        refuse_untrusted(path, about)
        # Without blocking, because it may be a pipe.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _CLOSED_ON_EXEC)
        with os.fdopen(descriptor, "rb") as file:
            _check(os.fstat(descriptor), path, about)
            content = file.read(_MOST_BYTES + 1)
            if len(content) > _MOST_BYTES:
                raise ConfigError(f"{about} {path} is larger than {_MOST_BYTES} bytes; name another file")
            return content.decode("utf-8")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"{about} {path} cannot be read: {error.strerror or error}; see who owns it") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{about} {path} is not text; name another file") from None


def _check(found: os.stat_result, path: Path, about: str) -> None:
    """The open file, because the name may lead to another one in a moment."""
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{about} {path} is not a regular file; name another file")
    if not hasattr(os, "geteuid"):
        return
    if found.st_uid not in (0, os.geteuid()):
        raise ConfigError(
            f"{about} {path} belongs to another user (uid {found.st_uid}); run as that user, or name another file"
        )
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        raise ConfigError(f"{about} {path} can be read or written by other users (mode {mode:04o}); chmod 600 it")


@contextlib.contextmanager
def changing(path: Path, about: str) -> Iterator[Path]:
    """Lock the folder of `path`, which is made if it is missing, for a change of the file. Gives the file's real path,
    so that a link at `path` stays.

    Raises `ConfigError` if others may change the file, hold the lock for long, or if it cannot be written.
    """
    try:
        real = Path(os.path.realpath(path))
        make_private_folder(real.parent)
        refuse_untrusted(path, about)
        with alone_in(real.parent, _LOCKED_S):
            yield real
    except BlockingIOError:
        raise ConfigError(f"{about} {path} is locked by other processes; try again") from None
    except OSError as error:
        raise ConfigError(f"{about} {path} cannot be written: {error.strerror or error}; name another file") from None


def write_private(path: Path, text: str) -> None:
    """Replace the file at `path`, in `changing`: it is there as before, or whole. Raises `OSError`."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CLOSED_ON_EXEC, _MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if hasattr(os, "fchmod"):
                # The umask may have removed rights that we need.
                os.fchmod(descriptor, _MODE)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
