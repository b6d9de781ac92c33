"""Leases for all search heads of a cluster. A lease is a version of its key's document: one alone adds it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Collection as Many

from connectors.clock import Clock
from connectors.coalescing.leases import ERROR_LEFT_S, LEASE_S, Lease, Seen, is_free, is_over
from connectors.state.unavailable import StateBusy

from .collection import Document
from .versions import KEPT_S, Versions

# Somebody's lease may be there before it is seen here.
_PATIENCE_S = 5.0
_PAUSE_S = 0.05
_SWEEP_EVERY = 64


class KvLeases:
    """Times are by each machine's clock: where these differ by seconds, a lease ends so much earlier or later."""

    def __init__(self, versions: Versions, clock: Clock, patience_s: float = _PATIENCE_S) -> None:
        self._versions = versions
        self._clock = clock
        self._patience_s = patience_s
        # What is held from here, by token. Nobody else changes these documents.
        self._held: dict[str, Document] = {}
        self._lock = threading.Lock()
        self._releases = 0

    def claim(self, key: str, token: str) -> Seen:
        name, give_up = _name(key), time.monotonic() + self._patience_s
        while True:
            look = self._versions.look(name)
            now, found = self._clock.now(), _lease(look.newest)
            if found is not None and not is_free(found, now):
                return Seen(found, found.token == token)
            lease = Lease(token, now + LEASE_S)
            mine = self._versions.add(name, look, _content(lease))
            if mine is not None:
                with self._lock:
                    self._held[token] = mine
                return Seen(lease, True)
            if time.monotonic() > give_up:
                raise StateBusy(f"{self._versions.collection.place} shows what is there too late")
            time.sleep(_PAUSE_S)

    def peek(self, key: str) -> Lease | None:
        found = _lease(self._versions.look(_name(key)).newest)
        return None if found is None or is_over(found, self._clock.now()) else found

    def waiting(self, key: str, token: str, waiting: bool) -> None:
        with self._lock:
            self._change([token], waiting=waiting)

    def release(self, key: str, token: str, error: str | None) -> None:
        # Not deleted: who does not see that it is gone would find no version where the next one is.
        left_s = ERROR_LEFT_S if error else -1.0
        with self._lock:
            self._change([token], error=error, expires=self._clock.now() + left_s)
            self._held.pop(token, None)
            self._releases += 1
            is_due = self._releases % _SWEEP_EVERY == 1
        if is_due:
            self._versions.collection.sweep("expires", self._clock.now() - KEPT_S)

    def renew(self, tokens: Many[str]) -> None:
        with self._lock:
            self._change(tokens, expires=self._clock.now() + LEASE_S)

    def _change(self, tokens: Many[str], **changes: object) -> None:
        """As one save, and with the lock: a sign of life must not undo a release."""
        mine = {token: {**self._held[token], **changes} for token in tokens if token in self._held}
        self._versions.collection.save(list(mine.values()))
        self._held.update(mine)


def _name(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _content(lease: Lease) -> dict[str, object]:
    return dict(lease._asdict())


def _lease(document: Document | None) -> Lease | None:
    """What cannot be read is a lease that has run out."""
    if document is None:
        return None
    try:
        error = document.get("error")
        return Lease(
            str(document["token"]),
            float(document["expires"]),
            bool(document.get("waiting")),
            None if error is None else str(error),
        )
    except (KeyError, TypeError, ValueError):
        return Lease("", 0.0)
