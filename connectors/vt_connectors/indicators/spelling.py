"""Spellings in logs, mails and reports: characters around a value, and other forms of a host."""

from __future__ import annotations

import re

from ..patterns import pattern

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
# Defanging, in any case: `[.]`, `(.)`, `{.}`, `[dot]`, `(dot)`, `{dot}`; `[:]`.
_DOT = pattern(r"\[(?:\.|dot)\]|\((?:\.|dot)\)|\{(?:\.|dot)\}", re.IGNORECASE)
# The debug log of Windows' DNS server has the length before each label: `(4)evil(7)example(0)`.
_COUNTED_NAME = pattern(r"(?:\([0-9]{1,2}\)[^()\s]+)+(?:\(0\))?")
_COUNTED_LABEL = pattern(r"\(([0-9]{1,2})\)([^()\s]+)")
_WITH_PORT = pattern(r"(\[[^\[\]]+\]|[^:\[\]]+):([0-9]{1,5})")
_MOST_PORT = 65535


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


def refang(text: str) -> str:
    """The host without its usual defanging (`[.]`, `(dot)`, `[:]`) or the form of a DNS server's debug log."""
    if "(" in text and _COUNTED_NAME.fullmatch(text):
        labels = _COUNTED_LABEL.findall(text)
        if all(int(count) == len(label) for count, label in labels):
            return ".".join(label for _, label in labels)
    return _DOT.sub(".", text).replace("[:]", ":")


def without_port(host: str) -> str:
    """`host` without the port in `name:port`, `address:port` or `[v6]:port`."""
    match = _WITH_PORT.fullmatch(host)
    return match[1] if match is not None and int(match[2]) <= _MOST_PORT else host
