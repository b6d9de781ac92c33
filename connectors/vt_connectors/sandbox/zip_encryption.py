"""Zip files with a password, in the traditional encryption that every unzip program reads.

Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3 and 6.1. It is weak, and protects from
nothing but programs that open attachments unasked.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Mapping

_ENCRYPTED = 1
_DATE = 0x5AC9  # 9 June 2025: the same bytes each time
_HEADER_SIZE = 12


def zip_file(contents: Mapping[str, bytes], password: str) -> bytes:
    """A zip file of `contents` by name; not encrypted if there is no password."""
    body, directory = b"", b""
    for name, content in contents.items():
        crc = binascii.crc32(content)
        data = _encrypted(content, crc, password.encode("utf-8")) if password else content
        flags = _ENCRYPTED if password else 0
        facts = struct.pack("<HHHHHIIIHH", 20, flags, 0, 0, _DATE, crc, len(data), len(content), len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 20) + facts + struct.pack("<HHHII", 0, 0, 0, 0, len(body))
        directory += name.encode("ascii")
        body += b"PK\3\4" + facts + name.encode("ascii") + data
    end = struct.pack("<HHHHIIH", 0, 0, len(contents), len(contents), len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + end


class _Keys:
    """The state of the cipher."""

    def __init__(self, password: bytes) -> None:
        self._keys = (0x12345678, 0x23456789, 0x34567890)
        for byte in password:
            self._update(byte)

    def encrypt(self, byte: int) -> int:
        """One byte of cipher text."""
        word = self._keys[2] | 2
        self._update(byte)
        return byte ^ ((word * (word ^ 1)) >> 8 & 0xFF)

    def _update(self, byte: int) -> None:
        first, second, third = self._keys
        first = _crc_step(first, byte)
        second = ((second + (first & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        self._keys = (first, second, _crc_step(third, second >> 24))


def _encrypted(content: bytes, crc: int, password: bytes) -> bytes:
    keys = _Keys(password)
    header = bytes(_HEADER_SIZE - 1) + bytes([crc >> 24])
    return bytes(keys.encrypt(byte) for byte in header + content)


def _crc_step(crc: int, byte: int) -> int:
    # The table of CRC-32 is what the function returns for each byte, without its inversions.
    return binascii.crc32(bytes([byte]), crc ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
