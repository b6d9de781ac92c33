"""The files whose content the sandbox has: those of the catalogue whose content everybody can make."""

from __future__ import annotations

import hashlib

from .catalogue import catalogue
from .kinds import Item, Kind

# EICAR's text is the name of a test file for scanners, not malware. In two parts, so that no scanner finds it here.
_EICAR = ("X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STAN", "DARD-ANTIVIRUS-TEST-FILE!$H+H*")


class FileContents:
    """The contents by file."""

    def __init__(self) -> None:
        names = [entry.facts.name or "" for entry in catalogue() if entry.facts is not None]
        self._by_digest = {
            hashlib.sha256(content).hexdigest(): content
            for content in ("".join(_EICAR).encode("ascii"), *(name.encode("ascii") for name in names if name))
        }
        known = {entry.item.value for entry in catalogue() if entry.item.kind is Kind.FILE}
        self._by_digest = {sha256: content for sha256, content in self._by_digest.items() if sha256 in known}

    def has(self, item: Item) -> bool:
        """Whether the file can be downloaded."""
        return item.value in self._by_digest

    def of(self, sha256: str) -> bytes | None:
        """The content of the file with this SHA-256, or None."""
        return self._by_digest.get(sha256)
