"""Compares spellings of URLs, as far as VirusTotal's canonical form is known from its responses. Pure."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from ..errors import InvalidIndicator
from ..indicators import parse_as
from ..quick_imports import pattern

_DEFAULT_PORTS = {"http": 80, "https": 443, "ftp": 21}
_PLAIN = pattern(r"https?://[a-z0-9._-]*[a-z0-9](?:/[A-Za-z0-9._~/-]*)?(?:\?[A-Za-z0-9._~/=&-]+)?")
_DOTS = pattern(r"/\.\.?(?:[/?]|$)")


def is_plain(url: str) -> bool:
    """Whether VirusTotal's canonical form of the URL, which is in our canonical form, is known.

    It is unknown for users, ports, fragments, escapes, dots in paths, and names that are not ASCII.
    """
    return _PLAIN.fullmatch(url) is not None and _DOTS.search(url) is None


def same_url(ours: str, told: str) -> bool:
    """Whether VirusTotal's canonical form of `ours` can be `told`."""
    first, second = _comparable(ours), _comparable(told)
    return first is not None and first == second


def _comparable(url: str) -> tuple[object, ...] | None:
    """A value that is equal for all spellings of a URL; None for an invalid URL."""
    try:
        parts = urlsplit(parse_as("url", url).value)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except (InvalidIndicator, ValueError):
        return None
    if port == _DEFAULT_PORTS.get(parts.scheme):
        port = None
    path = _without_dots(unquote(parts.path.replace("\\", "/"), errors="surrogateescape"))
    rest = (unquote(text, errors="surrogateescape") for text in (parts.query, parts.fragment))
    return (parts.scheme, host, port, path, *rest)


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4; empty segments stay."""
    found: list[str] = []
    segments = path.split("/")[1:]
    for place, segment in enumerate(segments):
        if segment == ".." and found:
            found.pop()
        if segment not in (".", ".."):
            found.append(segment)
        elif place == len(segments) - 1:
            found.append("")
    return "/" + "/".join(found)
