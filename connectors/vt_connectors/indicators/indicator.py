"""The canonical indicator, and errors that its parsers share."""

from __future__ import annotations

import re

from ..errors import InvalidIndicator, printable
from ..light_typing import Any, Literal, NamedTuple
from ..quick_imports import pattern

# `-`, `N/A`, `unknown`, `none`, `null`, also in brackets or quotes, as in `(null)`.
_PLACEHOLDER = pattern(
    r"-{1,8}|(?P<open>[(<\[{\"']?)(?:n/a|unknown|none|null|-)(?P<close>[)>\]}\"']?)", re.IGNORECASE | re.ASCII
)
_LONGEST_PLACEHOLDER = 9
_PAIRS = ("", "()", "<>", "[]", "{}", '""', "''")


def is_placeholder(text: str) -> bool:
    """Whether `text` is a placeholder for a missing value: `-`, `N/A`, `unknown`, `none`, `null`, `(null)`."""
    text = text.strip()
    found = _PLACEHOLDER.fullmatch(text) if len(text) <= _LONGEST_PLACEHOLDER else None
    return found is not None and (found["open"] or "") + (found["close"] or "") in _PAIRS


def has_no_value(cell: str) -> bool:
    """Whether a table's cell is empty, blank, or a placeholder."""
    return not cell.strip() or is_placeholder(cell)


Kind = Literal["hash", "url", "domain", "ip"]
KINDS: tuple[Kind, ...] = ("hash", "url", "domain", "ip")

# VirusTotal publishes no limit; longer values are mistakes.
MAX_LENGTH = 8192
_SHOWN = 80
_CONTROLS = pattern("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATES = pattern("[\ud800-\udfff]")


class Indicator(NamedTuple):
    """`value` is canonical: equal indicators have equal values. `host` is set for URLs, domains and addresses.

    `removed` names the parts of a URL that are not sent: `user`, `password`. It does not affect equality.
    """

    kind: Kind
    value: str
    host: str = ""
    removed: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Indicator) and self[:3] == other[:3]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:3])

    @property
    def key(self) -> str:
        """The key for cache, leases and batches."""
        return f"{self.kind}:{self.value}"

    @property
    def vt_id(self) -> str:
        """Its id in VirusTotal's API v3.

        For a URL, this is its base64 in the URL-safe alphabet without padding
        (https://docs.virustotal.com/reference/url#url-identifiers).
        """
        if self.kind == "url":
            import base64

            return base64.urlsafe_b64encode(self.value.encode("utf-8")).rstrip(b"=").decode("ascii")
        return self.value


def refuse(value: str, why: str, details: dict[str, Any] | None = None) -> InvalidIndicator:
    """An `invalid_indicator` with the value, shortened, without credentials and control characters."""
    from .userinfo import shown_without_credentials

    value = shown_without_credentials(value)
    shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
    return InvalidIndicator(f"{printable(shown)!r} {why}", details=details)


def checked_text(value: object) -> str:
    """`value` as text without blanks around it.

    Raises `InvalidIndicator` if it is not text, is empty or a placeholder, too long, or has control characters.
    """
    if not isinstance(value, str):
        raise InvalidIndicator(f"an indicator is text, not {type(value).__name__}")
    text = value.strip()
    if not text:
        raise InvalidIndicator("the indicator is empty")
    if is_placeholder(text):
        raise refuse(text, "is a placeholder for a missing value, not an indicator")
    if len(text) > MAX_LENGTH:
        raise refuse(text, f"is longer than {MAX_LENGTH} characters")
    if not text.isprintable():
        _refuse_unprintable(text)
    return text


def _refuse_unprintable(text: str) -> None:
    """Some unprintable characters are only invisible, and belong to the value or are removed later."""
    if _CONTROLS.search(text):
        raise refuse(text, "has control characters")
    if _SURROGATES.search(text):
        raise refuse(text, "is not valid Unicode")


SITE = "https://www.virustotal.com/gui/"
_FOLDERS: dict[Kind, str] = {"hash": "file", "url": "url", "domain": "domain", "ip": "ip-address"}


def object_page(kind: Kind, object_id: str) -> str:
    """The page of an object; `object_id` is VirusTotal's."""
    from urllib.parse import quote

    return f"{SITE}{_FOLDERS[kind]}/{quote(object_id, safe=':', errors='replace')}"


def search_page(text: str) -> str:
    """VirusTotal's search page for an indicator, which need not be known. The page requires double encoding."""
    if text.isalnum() and text.isascii():
        return f"{SITE}search/{text}"
    from urllib.parse import quote

    return f"{SITE}search/{quote(quote(text, safe='', errors='replace'), safe='')}"
