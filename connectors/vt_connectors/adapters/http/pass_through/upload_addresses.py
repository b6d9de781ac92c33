"""The addresses that VirusTotal gave for uploads, and the random names under which clients use them."""

from __future__ import annotations

import secrets
import threading
from typing import NamedTuple

from ....clock import Clock

UPLOADS = "/_vtaction/upload/"
_LIVES_S = 600.0
_MOST_OF_A_CALLER = 100


class UploadAddress(NamedTuple):
    """`address`: VirusTotal's own; whoever has it can upload for the account. `expires`: in monotonic seconds."""

    address: str
    is_private: bool
    expires: float


class UploadAddresses:
    """In memory only, each for one upload by the caller that asked for it. Safe for many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of_caller: dict[str, dict[str, UploadAddress]] = {}
        self._lock = threading.Lock()

    def keep(self, caller: str, address: str, *, is_private: bool) -> str:
        """The name for `address`. If the caller has too many unused ones, its oldest is forgotten."""
        name = secrets.token_urlsafe(32)
        self.put_back(caller, name, UploadAddress(address, is_private, self._clock.monotonic() + _LIVES_S))
        return name

    def take(self, caller: str, name: str) -> UploadAddress | None:
        """The address, which is forgotten; None if there is none for this caller, or if it has expired."""
        with self._lock:
            found = self._of_caller.get(caller, {}).pop(name, None)
        return found if found is not None and self._clock.monotonic() < found.expires else None

    def put_back(self, caller: str, name: str, address: UploadAddress) -> None:
        """Keep an address that was taken, but not used."""
        with self._lock:
            known = self._of_caller.setdefault(caller, {})
            known[name] = address
            for outdated in [each for each, kept in known.items() if kept.expires <= self._clock.monotonic()]:
                del known[outdated]
            while len(known) > _MOST_OF_A_CALLER:
                del known[next(iter(known))]
