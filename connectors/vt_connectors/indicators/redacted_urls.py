"""Removes cookies and credentials from VirusTotal's records of a site."""

from __future__ import annotations

from collections.abc import Mapping

from ..light_typing import Any
from .userinfo import without_user

_HIDDEN = "(removed)"
# Response and request headers that give access to a session.
_SECRET_HEADERS = frozenset(("set-cookie", "set-cookie2", "cookie", "authorization", "proxy-authorization"))
_HEADER_NAMES = frozenset(("last_http_response_headers", "response_headers", "request_headers", "headers"))
_COOKIE_NAMES = frozenset(("last_http_response_cookies", "cookies"))
_SECRET, _HEADERS, _COOKIES = "secret", "headers", "cookies"


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
        return dict.fromkeys(value, _HIDDEN) if isinstance(value, Mapping) else _HIDDEN
    if isinstance(value, str):
        return without_user(value)
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, (list, tuple)) else value
