"""Random names that clients use in place of VirusTotal's addresses for uploads: each for one upload."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import Generic, TypeVar

from ....clock import Clock

Kept = TypeVar("Kept")
_LIVES_S = 600.0
_MOST_OF_A_CLIENT = 100


@dataclass(frozen=True)
class _Known(Generic[Kept]):
    """`expires`: in monotonic seconds."""

    client: str
    kept: Kept
    expires: float


class UploadNames(Generic[Kept]):
    """What is kept under each name, for ten minutes, in memory only. Safe for many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, _Known[Kept]] = {}
        self._lock = threading.Lock()

    def keep(self, client: str, kept: Kept) -> str:
        """The name for an upload of this client. If the client has too many unused ones, its oldest is forgotten."""
        name = secrets.token_urlsafe(32)
        self._put(name, _Known(client, kept, self._clock.monotonic() + _LIVES_S))
        return name

    def look(self, name: str) -> Kept | None:
        """What is kept under this name, which stays valid; None if it is unknown, used or expired."""
        with self._lock:
            known = self._known.get(name)
        return known.kept if known is not None and self._is_valid(known) else None

    def take(self, client: str, name: str) -> _Known[Kept] | None:
        """The same, of this client only, and the name is used up."""
        with self._lock:
            known = self._known.get(name)
            if known is None or known.client != client:
                return None
            del self._known[name]
        return known if self._is_valid(known) else None

    def put_back(self, name: str, taken: _Known[Kept]) -> None:
        """Keep what was taken, but not used, for the rest of its time."""
        self._put(name, taken)

    def _put(self, name: str, known: _Known[Kept]) -> None:
        with self._lock:
            self._known[name] = known
            self._known = {each: kept for each, kept in self._known.items() if self._is_valid(kept)}
            of_client = [each for each, kept in self._known.items() if kept.client == known.client]
            for oldest in of_client[:-_MOST_OF_A_CLIENT]:
                del self._known[oldest]

    def _is_valid(self, known: _Known[Kept]) -> bool:
        return self._clock.monotonic() < known.expires
