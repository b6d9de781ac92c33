"""Text to indicator: hashes here; what few processes look up is imported when it is needed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import InvalidIndicator
from ..light_typing import TYPE_CHECKING
from ..quick_imports import pattern
from .indicator import MAX_LENGTH, Indicator, Kind, checked_text, refuse

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
# Zero-width characters, byte order marks and direction marks, which get copied with a value.
_INVISIBLE = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
# More pairs than real values have; each takes time linear in the value's length.
_MOST_NESTED = 8
_CLOSING = {
    "<": ">",
    "(": ")",
    "[": "]",
    "{": "}",
    '"': '"',
    "'": "'",
    "`": "`",
    "\u201c": "\u201d",
    "\u2018": "\u2019",
    "\u00ab": "\u00bb",
    "\u2039": "\u203a",
}
# These brackets belong to the address.
_BRACKETED_V6 = pattern(r"\[[0-9a-f.]*:[0-9a-f:.]*(?:%[^\]]*)?\]", re.IGNORECASE)


def parse_as(kind: Kind, value: object) -> Indicator:
    """`value` as an indicator of `kind`. Raises `InvalidIndicator`."""
    if kind == "hash" and isinstance(value, str) and is_hash(value):
        # Most values, and nothing has to be removed from them.
        return Indicator("hash", value.lower())
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


def bare(text: str) -> str:
    """`text` without blanks, invisible characters, quotes and brackets around it."""
    for _ in range(_MOST_NESTED):
        text = _trimmed(text)
        inner = _without_pair(text)
        if inner == text:
            break
        text = inner
    return _trimmed(text)


def _trimmed(text: str) -> str:
    while (inner := text.strip().strip(_INVISIBLE)) != text:
        text = inner
    return text


def _without_pair(text: str) -> str:
    closing = _CLOSING.get(text[:1])
    if closing is None:
        return text
    quoted = text.rstrip(",;")
    if len(quoted) < 2 or not _closes_at_the_end(quoted, text[0], closing) or _BRACKETED_V6.fullmatch(quoted):
        return text
    inner = quoted[1:-1]
    # RFC 3986, appendix C: <URL:http://...>
    return inner[4:] if text[0] == "<" and inner[:4].lower() == "url:" else inner


def _closes_at_the_end(text: str, opening: str, closing: str) -> bool:
    """Whether the last character closes the bracket that the first one opens."""
    if opening == closing:
        return text.find(closing, 1) == len(text) - 1
    depth = 0
    for place, character in enumerate(text):
        depth += (character == opening) - (character == closing)
        if depth == 0:
            return place == len(text) - 1
    return False
