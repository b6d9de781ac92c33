"""User names and passwords before the host in URLs, also in URLs inside other URLs or texts; and cookies and
credentials in VirusTotal's records of a site.
"""

from __future__ import annotations

import re

from ..light_typing import Any
from ..quick_imports import pattern
from .url_scheme import WEB_SCHEMES

_HIDDEN = "(removed)"
# In malicious texts, each removal can reveal another user.
_MOST_PASSES = 8
_SLASH = r"[/\\\uff0f]"
_COLON = r"[\[({]?[:\uff1a][\])}]?"
_SCHEME = r"(?<![a-z0-9_+.*-])[a-z0-9_+.*-]+"
_WEB = rf"(?<![a-z0-9_+.*-])(?:{WEB_SCHEMES})"
_AT = r"(?:[\[({<]at[\])}>]|@[\])}>]?|\uff20)"
# Escapes and words that can only mean `@` if a password is before them.
_SPELT_AT = r"%(?:25)*40|&\#0*64;|&\#x0*40;|&commat;|[\[({<]\s*(?:at|@)\s*[\])}>]|\ufe6b"
# Here a parameter of the outer URL begins, or a string ends.
_GOES_ON = r"(?:[&;](?![\w.%\[\]-]*=)|'(?![,;:+)\]}>]))"
_PLAIN = r"[^/\\\uff0f?#\s\"'<>&;]*"
_USER = rf"{_PLAIN}(?:{_GOES_ON}{_PLAIN})*{_AT}"
_NAME = r"(?!\[)[^/\\\uff0f?#\s\"<>@:&]*:"
# This colon is not before a port, so the part after it may have characters that should have been escaped. The bound
# keeps the time linear.
_PASSWORD = (
    rf"{_NAME}(?!\]?[0-9]{{0,5}}(?:[/\\?#&;,|\"')\]}}]|\Z))[^\s\"<>]{{0,300}}?(?:{_AT}|{_SPELT_AT})"
    r"(?:[^/\\?#\s\"'<>&;]{0,300}@)?"
)
_SHORT_PASSWORD = rf"{_NAME}[^/\\\uff0f?#\s\"<>&]{{0,300}}{_AT}"
_OF_ANY_URL = pattern(
    rf"({_SCHEME}(?:[\[({{]://[\])}}]|{_COLON}[/\uff0f]{{2,}})|{_WEB}{_COLON}{_SLASH}+)(?:{_PASSWORD}|{_USER})"
    rf"|((?<![/\\])/{{2,}}|{_WEB}{_COLON})(?:{_SHORT_PASSWORD})",
    re.IGNORECASE,
)
# If the whole text is a URL, only its path, query or fragment ends the user.
_OF_THIS_URL = pattern(r"\A(\s*[\"'<(]*[a-z0-9+.-]+://)[^/?#\s\"'<>\\]*@", re.IGNORECASE)
_SIGN = pattern("[@\uff20]")
_MAY_HAVE = pattern(rf"{_AT}|{_SPELT_AT}", re.IGNORECASE)
# In an unreadable URL, escapes may be part of the scheme.
_ESCAPED_SLASH = rf"(?:{_SLASH}|%(?:25)*(?:2f|5c))"
_ANY_COLON = rf"(?:{_COLON}|%(?:25)*3a)"
_NAME_OF_SCHEME = "[a-z0-9_+.*-]+"
_HEAD = pattern(
    rf"[\"'<(\[]*(?:/(?!/))?((?:{_NAME_OF_SCHEME}{_ANY_COLON}|{_NAME_OF_SCHEME}(?={_ESCAPED_SLASH}{{2}})|(?={_ESCAPED_SLASH}{{2}}))"
    rf"{_ESCAPED_SLASH}+[\])}}]?|{_NAME_OF_SCHEME}[\[({{]://[\])}}])?",
    re.IGNORECASE,
)
_END = pattern(r"[/?#\uff0f]")
_ESCAPED_END = pattern(rf"[?#]|{_ESCAPED_SLASH}|%(?:25)*(?:3f|23)", re.IGNORECASE)
_NAME_AND_COLON = pattern(rf"(.*?){_ANY_COLON}(.*)", re.IGNORECASE | re.DOTALL)
_PASSWORD_AT_HOST = pattern(r"[^\s:]*:\S+\s+at\s+", re.IGNORECASE)
# Response and request headers that give access to a session.
_SECRET_HEADERS = frozenset(("set-cookie", "set-cookie2", "cookie", "authorization", "proxy-authorization"))
_HEADER_NAMES = frozenset(("last_http_response_headers", "response_headers", "request_headers", "headers"))
_COOKIE_NAMES = frozenset(("last_http_response_cookies", "cookies"))
_SECRET, _HEADERS, _COOKIES = "secret", "headers", "cookies"


def shown_without_credentials(text: str) -> str:
    """Any `text` for a message, a log or an answer, without credentials. A mail address stays."""
    if _MAY_HAVE.search(text):
        text = _OF_ANY_URL.sub(lambda match: f"{match[1] or match[2]}{_HIDDEN}@", text)
    head = _HEAD.match(text)
    assert head is not None  # it may be empty
    rest = text[head.end() :]
    authority = (_ESCAPED_END if "%" in head[0] else _END).split(rest, maxsplit=1)[0]
    end = 0 if _HIDDEN in authority else _end_of_user(rest, authority, bool(head[1]))
    return f"{text[: head.end()]}{_HIDDEN}@{rest[end:]}" if end else text


def _end_of_user(rest: str, authority: str, is_url: bool) -> int:
    """The end of the user at the beginning of `rest`; 0 if there is none.

    A password may contain `/` or `#` that should have been escaped.
    """
    match = _NAME_AND_COLON.fullmatch(authority)
    if match is None or (match[2].isdigit() and "." in match[1]):
        return _last(_MAY_HAVE, authority) if is_url else 0
    if match[2].isdigit():
        return _last(_SIGN, rest)
    spaced = _PASSWORD_AT_HOST.match(rest)
    return max(_last(_MAY_HAVE, rest), spaced.end() if spaced is not None else 0)


def _last(sign: re.Pattern[str], text: str) -> int:
    return max((match.end() for match in sign.finditer(text)), default=0)


def removed_parts(user: str) -> tuple[str, ...]:
    """The names of the parts in `user`, the part of a URL before its host."""
    name, colon, password = user.partition(":")
    return (("user",) if name else ()) + (("password",) if colon and password else ())


def without_user(text: str) -> str:
    """`text` without the user names and passwords of the URLs in it."""
    if not _MAY_HAVE.search(text):
        return text
    return without_inner_users(_OF_THIS_URL.sub(r"\1", text, count=1))[0]


def without_inner_users(text: str) -> tuple[str, frozenset[str], bool]:
    """`text` without the user names and passwords in its URLs, the names of removed parts, and whether it is complete.

    Percent-encoded URLs count as text. A parameter of the outer URL with an `@` stays.
    """
    removed: set[str] = set()

    def without(match: re.Match[str]) -> str:
        prefix: str = match[1] or match[2]
        removed.update(removed_parts(_MAY_HAVE.split(match[0][len(prefix) :], maxsplit=1)[0]))
        return prefix

    for _ in range(_MOST_PASSES):
        shorter = _OF_ANY_URL.sub(without, text) if _MAY_HAVE.search(text) else text
        if shorter == text:
            return text, frozenset(removed), True
        text = shorter
    return text, frozenset(removed), False


def without_recorded_credentials(document: Any) -> Any:
    """A JSON document of VirusTotal's without cookies from a site and credentials in URLs.

    It may be nested deeper than Python's recursion limit.
    """
    whole: list[Any] = [document]
    left: list[tuple[Any, Any, Any]] = [(whole, 0, "")]
    while left:
        container, place, name = left.pop()
        kept = _shallow(container[place], name)
        container[place] = kept
        if isinstance(kept, dict):
            left += [(kept, inner, _about(inner, name)) for inner in kept]
        elif isinstance(kept, list):
            left += [(kept, inner, "") for inner in range(len(kept))]
    return whole[0]


def _about(name: Any, parent: str) -> str:
    """The category of a value by its name: cookies, headers, a secret header, or none of these."""
    lower = name.lower() if isinstance(name, str) else ""
    if parent == _HEADERS:
        return _SECRET if lower in _SECRET_HEADERS else ""
    if lower in _COOKIE_NAMES:
        return _COOKIES
    return _HEADERS if lower in _HEADER_NAMES else ""


def _shallow(value: Any, about: str) -> Any:
    """`value` without credentials; the content of a container is processed later."""
    if about == _SECRET:
        return _HIDDEN
    if about == _COOKIES:
        return dict.fromkeys(value, _HIDDEN) if isinstance(value, dict) else _HIDDEN
    if isinstance(value, str):
        return without_user(value)
    if isinstance(value, dict):
        return dict(value)
    return list(value) if isinstance(value, (list, tuple)) else value
