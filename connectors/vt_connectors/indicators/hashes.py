"""Hashes of files: bare or labelled with their algorithm, one or several of the same file."""

from __future__ import annotations

import re

from ..patterns import pattern

_HASH = pattern(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
_DIGITS = {"sha256": 64, "sha1": 40, "md5": 32}
# VirusTotal does not find files by these; some have the length of an MD5 or SHA-256.
_OTHERS = (
    "sha512|sha384|sha224|imphash|ssdeep|tlsh|authentihash|pehash|vhash|telfhash|impfuzzy|permhash|crc32|quickxorhash"
)
_NAME = rf"(sha-?256|sha-?1|md-?5|{_OTHERS})"
_LABELLED = pattern(rf"{_NAME}\s*[=:]\s*([^\s,;|]*)", re.IGNORECASE)
_BEGINS_LABELLED = pattern(rf"{_NAME}\s*[=:]", re.IGNORECASE)
_SEPARATORS = " \t\r\n,;|"


def is_hash(text: str) -> bool:
    return _HASH.fullmatch(text) is not None


def is_labelled(text: str) -> bool:
    """Whether `text` begins with the name of an algorithm, so that it can only be a hash."""
    return _BEGINS_LABELLED.match(text) is not None


def strongest_of(text: str) -> str | None:
    """The strongest of several labelled hashes of one file (Sysmon's `Hashes`: `MD5=..,SHA256=..`).

    None if `text` is something else, has only hashes that VirusTotal does not support, or hashes of several files.
    """
    found: dict[str, str] = {}
    end = 0
    for match in _LABELLED.finditer(text):
        if text[end : match.start()].strip(_SEPARATORS):
            return None
        end = match.end()
        name, value = match[1].lower().replace("-", ""), match[2].strip("\"'").lower()
        if name not in _DIGITS or not value:
            continue
        if not is_hash(value) or len(value) != _DIGITS[name] or found.setdefault(name, value) != value:
            return None
    if text[end:].strip(_SEPARATORS):
        return None
    return next((found[name] for name in _DIGITS if name in found), None)
