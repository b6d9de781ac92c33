"""The canonical indicator, and the errors its parsers share."""

from __future__ import annotations

import base64
import re
from typing import Literal, NamedTuple

from ..errors import InvalidIndicator, printable
from .placeholders import is_placeholder
from .userinfo import shown_without_credentials

Kind = Literal["hash", "url", "domain", "ip"]

# VirusTotal publishes no limit; longer values are not indicators but accidents.
MAX_LENGTH = 8192
_SHOWN = 80
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")


class Indicator(NamedTuple):
    """`value` is canonical: equal indicators have equal values. `host` is set for URLs, domains and addresses.

    `removed` names what a URL had that is not sent: `user`, `password`. It makes no other indicator of it.
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
        """What cache, leases and batches know it by."""
        return f"{self.kind}:{self.value}"

    @property
    def vt_id(self) -> str:
        """Its id in VirusTotal's API v3.

        A URL's is its base64 in the URL-safe alphabet without padding
        (https://docs.virustotal.com/reference/url#url-identifiers).
        """
        if self.kind == "url":
            return base64.urlsafe_b64encode(self.value.encode("utf-8")).rstrip(b"=").decode("ascii")
        return self.value


def refuse(value: str, why: str) -> InvalidIndicator:
    """An `invalid_indicator` that shows the value, shortened, without credentials or what a terminal would obey."""
    value = shown_without_credentials(value)
    shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
    return InvalidIndicator(f"{printable(shown)!r} {why}")


def checked_text(value: object) -> str:
    """`value` as stripped text.

    Raises `InvalidIndicator` if it is not text, is empty or a placeholder, too long, or has control characters.
    """
    if not isinstance(value, str):
        raise InvalidIndicator(f"an indicator is text, not {type(value).__name__}")
    text = value.strip()
    if not text:
        raise InvalidIndicator("the indicator is empty")
    if is_placeholder(text):
        raise refuse(text, "stands for a missing value and is not an indicator")
    if len(text) > MAX_LENGTH:
        raise refuse(text, f"is longer than {MAX_LENGTH} characters")
    if _CONTROLS.search(text):
        raise refuse(text, "has control characters")
    if _SURROGATES.search(text):
        raise refuse(text, "is not valid Unicode")
    return text
