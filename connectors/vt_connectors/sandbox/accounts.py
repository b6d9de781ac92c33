"""API keys, their accounts, and what these may do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

from .errors import forbidden, key_missing, key_wrong
from .quotas import Allowance

USER_PREFIX = "sandbox_"
GROUP = "sandbox_group"


class Licence(Enum):
    """A licence; the value is the word in keys that have it.

    GTI includes what PREMIUM allows. PRIVATE is Private Scanning. GROUP is no licence in itself: the key belongs to a
    member of the sandbox's group, whose members share their quota.
    """

    PREMIUM = "premium"
    GTI = "gti"
    PRIVATE = "private"
    GROUP = "group"


Licences = frozenset[Licence]
# A key with these may make every call.
EVERY_LICENCE: Licences = frozenset({Licence.PREMIUM, Licence.GTI, Licence.PRIVATE})

_PRIVILEGES = {
    Licence.PREMIUM: ("intelligence", "download-file"),
    Licence.GTI: ("gti",),
    Licence.PRIVATE: ("private-scanning",),
    Licence.GROUP: (),
}


class Accounts:
    """The keys that this server accepts: those in `accepted`, or if it is None, all that do not start with "wrong".

    A key that starts with "forbidden" is valid, but its account has no rights.
    """

    def __init__(self, accepted: frozenset[str] | None) -> None:
        self._accepted = accepted

    def authenticate(self, headers: Mapping[str, str]) -> str:
        """The key in the headers (names in lower case). Raises ApiError 401 or 403."""
        key = headers.get("x-apikey", "").strip()
        if not key:
            raise key_missing()
        if not self._accepts(key):
            raise key_wrong(key)
        if key.startswith("forbidden"):
            raise forbidden()
        return key

    def may_ask(self, key: str) -> bool:
        """Whether `key` may use the API; v2 gives no reason for a refusal."""
        return bool(key) and self._accepts(key) and not key.startswith("forbidden")

    def _accepts(self, key: str) -> bool:
        return not key.startswith("wrong") if self._accepted is None else key in self._accepted


def key_digest(key: str) -> str:
    """The digest that logs have in place of a key: the first 12 hex digits of its SHA-256."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:12]


def user_id(key: str) -> str:
    """The id of the key's account."""
    return f"{USER_PREFIX}{key_digest(key)}"


def overall_quotas(allowances: Mapping[str, Allowance]) -> dict[str, Any]:
    """`data` of a user's overall quotas: allowed and used requests by name, and those of the group, if any."""
    return {name: _lines(allowance) for name, allowance in allowances.items()}


def user_object(key: str, allowances: Mapping[str, Allowance], licences: Licences, self_link: str) -> dict[str, Any]:
    """The user object of a key, in the form for the user itself, which includes the key."""
    name = user_id(key)
    return {
        "type": "user",
        "id": name,
        "links": {"self": self_link},
        "attributes": {
            "status": "active",
            "apikey": key,
            "email": f"{name}@sandbox.example",
            "quotas": {name: _line(allowance) for name, allowance in allowances.items()},
            "privileges": {
                privilege: {"granted": True, "expiration_date": None, "effects": []}
                for licence in sorted(licences, key=lambda one: one.value)
                for privilege in _PRIVILEGES[licence]
            },
        },
    }


def _lines(allowance: Allowance) -> dict[str, Any]:
    lines: dict[str, Any] = {"user": _line(allowance)}
    if allowance.group is not None:
        lines["group"] = {**_line(allowance.group), "inherited_from": GROUP}
    return lines


def _line(allowance: Allowance) -> dict[str, int]:
    return {"allowed": allowance.allowed, "used": allowance.used}


def licences_of(key: str, every_key: Licences = frozenset()) -> Licences:
    """The licences of `every_key`, and those whose words begin the key, as in `gti-private-1`."""
    found = set(every_key)
    words = {licence.value: licence for licence in Licence}
    for word in re.split(r"[-_.]", key.lower()):
        if word not in words:
            break
        found.add(words[word])
    if Licence.GTI in found:
        found.add(Licence.PREMIUM)
    return frozenset(found)
