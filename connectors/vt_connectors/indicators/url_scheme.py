"""The scheme of a URL, also in defanged and damaged spellings."""

from __future__ import annotations

import re

from ..light_typing import NamedTuple
from ..quick_imports import pattern

# Defanged, or with a character lost or doubled in copying: each has only one meaning.
_SPELLINGS = {
    **dict.fromkeys(("http", "hxxp", "hxtp", "htxp", "h**p", "h++p", "h__p", "ttp", "htp", "htttp", "hhttp"), "http"),
    **dict.fromkeys(("ftp", "fxp", "f*p"), "ftp"),
}
_SPELLINGS.update({f"{name}s": f"{scheme}s" for name, scheme in list(_SPELLINGS.items())})
# A part of a regular expression, for any case.
WEB_SCHEMES = "|".join(re.escape(name) for name in sorted(_SPELLINGS, key=len, reverse=True))
_COLON = r"(?:\[:\]|\(:\)|\{:\}|:)"
# A complete head with any scheme, defanged or not.
_WHOLE = pattern(rf"({WEB_SCHEMES}|[a-z][a-z0-9+.-]*)(?:{_COLON}//|\[://\]|\(://\))(.*)", re.IGNORECASE | re.DOTALL)
# A web scheme without a slash or its colon, or with backslashes.
_DAMAGED = pattern(rf"({WEB_SCHEMES})({_COLON}[/\\]*|[/\\]{{2,}})(.*)", re.IGNORECASE | re.DOTALL)
_INNER = pattern(rf"(?:{WEB_SCHEMES})(?:{_COLON}//|//|\[://\])", re.IGNORECASE)
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_WIDE_HEAD = pattern("[a-zA-Z*+_\uff21-\uff3a\uff41-\uff5a]{2,8}[:\uff1a][/\uff0f]{1,2}")
_MOST_NESTED = 8


class Head(NamedTuple):
    """`scheme` is canonical, or empty if there is none. `is_exact`: nothing was repaired or added."""

    scheme: str
    rest: str
    is_exact: bool


def has_scheme(text: str) -> bool:
    """Whether `text` begins with a scheme, in any spelling."""
    return bool(read_head(text).scheme)


def read_head(text: str) -> Head:
    """The scheme of `text` and the rest, repaired if there is only one meaning."""
    text, is_exact = _narrow(text)
    head = _head_of(text)
    # http://https://evil.example/ means the inner URL, because a scheme's name is not a host.
    for _ in range(_MOST_NESTED):
        if head.scheme not in _SPELLINGS or not _INNER.match(head.rest):
            break
        head = _head_of(head.rest)._replace(is_exact=False)
    return head if is_exact else head._replace(is_exact=False)


def is_scheme(host: str) -> bool:
    return host in _SPELLINGS


def _narrow(text: str) -> tuple[str, bool]:
    """Full-width letters in the head as ASCII; in the whole text if its colon and slashes are also full-width."""
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
    """A path with backslashes as slashes, like in browsers."""
    path = re.split("[?#]", text, maxsplit=1)[0]
    return path.replace("\\", "/") + text[len(path) :]
