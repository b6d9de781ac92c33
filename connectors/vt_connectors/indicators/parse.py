"""Text to indicator: hashes here; what few processes look up is imported when it is needed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import InvalidIndicator
from ..light_typing import TYPE_CHECKING
from ..patterns import pattern
from .indicator import MAX_LENGTH, Indicator, Kind, checked_text, refuse
from .spelling import bare

if TYPE_CHECKING:
    from .never_query import NeverQuery

_HEXADECIMAL = "0123456789abcdefABCDEF"
_DIGITS = {"sha256": 64, "sha1": 40, "md5": 32}
# VirusTotal does not find files by these; some have the length of an MD5 or SHA-256.
_OTHERS = (
    "sha512|sha384|sha224|imphash|ssdeep|tlsh|authentihash|pehash|vhash|telfhash|impfuzzy|permhash|crc32|quickxorhash"
)
_NAME = rf"(sha-?256|sha-?1|md-?5|{_OTHERS})"
_LABELLED = pattern(rf"{_NAME}\s*[=:]\s*([^\s,;|]*)", re.IGNORECASE)
_BEGINS_LABELLED = pattern(rf"{_NAME}\s*[=:]", re.IGNORECASE)
_SEPARATORS = " \t\r\n,;|"


def parse_as(kind: Kind, value: object) -> Indicator:
    """`value` as an indicator of `kind`. Raises `InvalidIndicator`."""
    text = _text(kind, value)
    try:
        if kind == "hash":
            return _hash(text)
        from . import urls

        return urls.PARSERS[kind](text)
    except InvalidIndicator:
        from .lists import refuse_list

        refuse_list(kind, text)
        raise


def recognise(value: object, never_query: NeverQuery | None = None) -> Indicator:
    """`value` as a hash, address, URL or domain, tried in this order. Raises `InvalidIndicator`.

    A domain, or a URL without a scheme, must have a known top-level domain, because file names and networks look
    similar. Names in `never_query` and internal names are recognised without one.
    """
    text = _text(None, value)
    try:
        if is_hash(text) or is_labelled(text):
            return _hash(text)
        from .urls import recognised

        return recognised(text, never_query)
    except InvalidIndicator:
        from .lists import refuse_list

        refuse_list(None, text)
        raise


def first_of_equal(kind: Kind | None, values: Iterable[str]) -> dict[str, str]:
    """Each of `values` with the first value that is the same indicator, of `kind` or recognised. An invalid value is
    mapped to itself.
    """
    firsts: dict[str, str] = {}
    found: dict[str, str] = {}
    for value in values:
        try:
            indicator = recognise(value) if kind is None else parse_as(kind, value)
        except InvalidIndicator:
            found[value] = value
        else:
            # Removed parts are reported, so values with different removed parts are not grouped.
            found[value] = firsts.setdefault(" ".join((indicator.key, *indicator.removed)), value)
    return found


def _text(kind: Kind | None, value: object) -> str:
    if isinstance(value, str):
        _refuse_lines(kind, value)
    text = bare(checked_text(value))
    if kind != "url" and "/" not in text:
        text = bare(text.rstrip(",;"))
    if not text:
        raise InvalidIndicator("the indicator is empty")
    return text


def _refuse_lines(kind: Kind | None, text: str) -> None:
    """Refuse several lines with the error for a list, not with the one for control characters."""
    if len(text) <= MAX_LENGTH and "\n" in text.strip():
        from .lists import refuse_list

        refuse_list(kind, text)


def _hash(text: str) -> Indicator:
    if is_hash(text):
        return Indicator("hash", text.lower())
    strongest = strongest_of(text) if is_labelled(text) else None
    if strongest is None:
        raise refuse(text, "is not an MD5, SHA-1 or SHA-256 (32, 40 or 64 hexadecimal digits)")
    return Indicator("hash", strongest)


def is_hash(text: str) -> bool:
    return len(text) in _DIGITS.values() and not text.strip(_HEXADECIMAL)


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
