"""A zip file with a password (WinZip's AES-256), written while its only file arrives.

The content is never on disk unencrypted, where a virus scanner would find and remove it.
"""

from __future__ import annotations

import contextlib
from typing import Any, BinaryIO

from ..errors import ConfigError

# Of the file in the archive: readable and writable for the owner, not executable.
_ATTRIBUTES = 0o600 << 16


class ZipArchive:
    """An archive in `file` with one file `name`. Raises `ConfigError` without the library."""

    def __init__(self, file: BinaryIO, name: str, password: str) -> None:
        pyzipper = library()
        self._zip: Any = pyzipper.AESZipFile(
            file, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES, allowZip64=True
        )
        self._zip.setpassword(password.encode("utf-8"))
        entry = self._zip.zipinfo_cls(name)
        entry.compress_type, entry.external_attr = pyzipper.ZIP_DEFLATED, _ATTRIBUTES
        self._entry: Any = self._zip.open(entry, "w")

    def write(self, piece: bytes) -> None:
        self._entry.write(piece)

    def finish(self) -> None:
        """Write the end of the archive."""
        self._entry.close()
        self._zip.close()

    def abandon(self) -> None:
        """Release an archive that was not finished. Its file is useless."""
        for opened in (self._entry, self._zip):
            with contextlib.suppress(Exception):
                opened.close()


def library() -> Any:
    """The library `pyzipper`. Raises `ConfigError`."""
    try:
        import pyzipper
    except ImportError:
        raise ConfigError("zip_password needs the package pyzipper: pip install 'pyzipper>=0.3.6,<0.5'") from None
    return pyzipper
