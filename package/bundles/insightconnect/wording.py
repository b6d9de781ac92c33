"""Titles and descriptions as Rapid7's validators want them."""

from __future__ import annotations

_ACRONYMS = frozenset(
    (
        *("api", "asn", "dns", "gti", "html", "http", "https", "id", "ioc", "ip", "md5", "mitre"),
        *("sha1", "sha256", "ssl", "tls", "url", "utc", "vt", "whois", "zip"),
    )
)
_SMALL = frozenset(
    ("a", "an", "and", "as", "at", "by", "for", "from", "if", "in", "is", "of", "on", "or", "the", "to", "with")
)
_LONGEST_DESCRIPTION = 500


def title(text: str) -> str:
    """Of a name such as `last_analysis` or a sentence: all words begin with a capital, except small ones."""
    words = text.replace("_", " ").split()
    return " ".join(_titled(word, is_first=not place) for place, word in enumerate(words))


def _titled(word: str, *, is_first: bool) -> str:
    if word.lower() in _ACRONYMS:
        return word.upper()
    return word.lower() if word.lower() in _SMALL and not is_first else word[:1].upper() + word[1:]


def description(text: str) -> str:
    """A sentence without its period, with acronyms in capitals."""
    words = " ".join(word.upper() if word.lower() in _ACRONYMS else word for word in text.split())
    return (words[:1].upper() + words[1:]).rstrip(".")[:_LONGEST_DESCRIPTION]
