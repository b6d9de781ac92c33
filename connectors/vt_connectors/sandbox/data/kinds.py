"""The kinds of items with reports, and the verdicts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """A kind of object; the value is the `type` of its JSON."""

    FILE = "file"
    URL = "url"
    DOMAIN = "domain"
    IP = "ip_address"

    @property
    def collection(self) -> str:
        """The path segment for objects of this kind, such as `ip_addresses`."""
        return "ip_addresses" if self is Kind.IP else f"{self.value}s"

    @property
    def letter(self) -> str:
        """The first letter in ids of its comments and analyses: f, u, d or i."""
        return self.value[0]


class Verdict(Enum):
    """The engines' verdict on an object; UNKNOWN means that there is no report."""

    UNKNOWN = "unknown"
    UNDETECTED = "undetected"
    SUSPICIOUS = "suspicious"
    MALICIOUS = "malicious"


@dataclass(frozen=True)
class Item:
    """One object's identity.

    `value` is the SHA-256 of a file, a URL in canonical form, a lower-case domain, or an IP address in its
    shortest form.
    """

    kind: Kind
    value: str

    @property
    def id(self) -> str:
        """The id in the API: the value itself, or the SHA-256 of a URL."""
        return url_id(self.value) if self.kind is Kind.URL else self.value


def url_id(canonical: str) -> str:
    """The id of a canonical URL: 64 hex digits."""
    return hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()
