"""The beginning of a URL: its scheme, as people and logs write and damage it."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..patterns import pattern

# Defanged, or with a character lost or doubled in copying: each can be read in one way only.
_SPELLINGS = {
    **dict.fromkeys(("http", "hxxp", "hxtp", "htxp", "h**p", "h++p", "h__p", "ttp", "htp", "htttp", "hhttp"), "http"),
    **dict.fromkeys(("ftp", "fxp", "f*p"), "ftp"),
}
_SPELLINGS.update({f"{name}s": f"{scheme}s" for name, scheme in list(_SPELLINGS.items())})
# A part of a regular expression, for any case.
WEB_SCHEMES = "|".join(re.escape(name) for name in sorted(_SPELLINGS, key=len, reverse=True))
_COLON = r"(?:\[:\]|\(:\)|\{:\}|:)"
# A whole head of any scheme, defanged or not.
_WHOLE = pattern(rf"({WEB_SCHEMES}|[a-z][a-z0-9+.-]*)(?:{_COLON}//|\[://\]|\(://\))(.*)", re.IGNORECASE | re.DOTALL)
# One of the web that lost a slash or its colon, or has backslashes.
_DAMAGED = pattern(rf"({WEB_SCHEMES})({_COLON}[/\\]*|[/\\]{{2,}})(.*)", re.IGNORECASE | re.DOTALL)
_INNER = pattern(rf"(?:{WEB_SCHEMES})(?:{_COLON}//|//|\[://\])", re.IGNORECASE)
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_WIDE_HEAD = pattern("[a-zA-Z*+_\uff21-\uff3a\uff41-\uff5a]{2,8}[:\uff1a][/\uff0f]{1,2}")
_MOST_NESTED = 8


class Head(NamedTuple):
    """`scheme` is canonical, empty where none stands. `is_exact`: nothing was repaired or added."""

    scheme: str
    rest: str
    is_exact: bool


def has_scheme(text: str) -> bool:
    """Whether a scheme stands in front, in any spelling."""
    return bool(read_head(text).scheme)


def read_head(text: str) -> Head:
    """The scheme of `text`, and what is behind it, repaired as far as there is one reading."""
    text, is_exact = _narrow(text)
    head = _head_of(text)
    # http://https://evil.example/ names the inner one: no host is called like a scheme.
    for _ in range(_MOST_NESTED):
        if head.scheme not in _SPELLINGS or not _INNER.match(head.rest):
            break
        head = _head_of(head.rest)._replace(is_exact=False)
    return head if is_exact else head._replace(is_exact=False)


def is_scheme(host: str) -> bool:
    return host in _SPELLINGS


def _narrow(text: str) -> tuple[str, bool]:
    """Full-width letters of the head in ASCII; of the whole text, where its colon and slashes are full-width too."""
    match = _WIDE_HEAD.match(text)
    if match is None or match[0].isascii():
        return text, True
    if "\uff1a" in match[0] or "\uff0f" in match[0]:
        return text.translate(_FULL_WIDTH), False
    return match[0].translate(_FULL_WIDTH) + text[match.end() :], False


def _head_of(text: str) -> Head:
    match = _WHOLE.fullmatch(text)
    if match is not None:
        scheme = match[1].lower()
        if scheme not in _SPELLINGS or match[2][:1] not in ("/", "\\"):
            return Head(_SPELLINGS.get(scheme, scheme), match[2], True)
        return Head(_SPELLINGS[scheme], match[2].lstrip("/\\"), False)
    match = _DAMAGED.fullmatch(text)
    if match is None:
        return Head("", text, False)
    rest = _with_slashes(match[3]) if "\\" in match[2] else match[3]
    return Head(_SPELLINGS[match[1].lower()], rest, False)


def _with_slashes(text: str) -> str:
    """A path in backslashes, as browsers read it."""
    path = re.split("[?#]", text, maxsplit=1)[0]
    return path.replace("\\", "/") + text[len(path) :]
