"""Leases for all search heads of a cluster. A lease is a version of its key's document; only one process can add it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Collection as Many

from vt_connectors.clock import Clock
from vt_connectors.coalescing.leases import ABANDONED_S, RESULT_LEFT_S, SWEEP_EVERY, Lease, Result, Seen, may_replace
from vt_connectors.state.fallback import StateBusy

from .collection import Document
from .versions import KEPT_S, Versions

# The lease of another search head may exist before this one sees it.
_PATIENCE_S = 5.0
_PAUSE_S = 0.05


class KvLeases:
    """See `coalescing.leases.LeaseStore`. The clock only decides when a document may be swept."""

    def __init__(self, versions: Versions, clock: Clock, patience_s: float = _PATIENCE_S) -> None:
        self._versions = versions
        self._clock = clock
        self._patience_s = patience_s
        # The leases of this process, by token. No other process changes these documents.
        self._held: dict[str, Document] = {}
        self._lock = threading.Lock()
        self._releases = 0

    def claim(self, key: str, lease: Lease, dead: Lease | None = None) -> Seen:
        name, give_up = _name(key), time.monotonic() + self._patience_s
        while True:
            look = self._versions.look(name)
            found = _lease(key, look.newest)
            if found is not None and not may_replace(found, dead):
                return Seen(found, False)
            added = self._versions.add(name, look, self._content(lease))
            if added is not None:
                with self._lock:
                    self._held[lease.token] = added
                return Seen(lease, True, found)
            if time.monotonic() > give_up:
                raise StateBusy(f"{self._versions.collection.place} shows a lease of another search head too late")
            time.sleep(_PAUSE_S)

    def peek(self, key: str) -> Lease | None:
        return _lease(key, self._versions.look(_name(key)).newest)

    def waiting(self, key: str, token: str, waiting: bool) -> None:
        with self._lock:
            self._change([token], waiting=waiting)

    def release(self, key: str, token: str, result: Result | None, left_s: float = RESULT_LEFT_S) -> None:
        # Not deleted: a member with a stale view could then not tell which version is next.
        with self._lock:
            text = None if result is None else result.to_text(key)
            self._change([token], done=True, result=text, expires=self._clock.now() + left_s)
            self._held.pop(token, None)
            self._releases += 1
            is_due = self._releases % SWEEP_EVERY == 1
        if is_due:
            self._versions.collection.sweep("expires", self._clock.now() - KEPT_S)

    def renew(self, tokens: Many[str]) -> None:
        with self._lock:
            self._change(tokens, expires=self._clock.now() + ABANDONED_S)

    def _change(self, tokens: Many[str], **changes: object) -> None:
        """In one save and under the lock, so that a heartbeat cannot undo a release."""
        held = [self._held[token] for token in tokens if token in self._held]
        changed = [{**document, "beat": document["beat"] + 1, **changes} for document in held]
        self._versions.collection.save(changed)
        self._held.update({document["token"]: document for document in changed})

    def _content(self, lease: Lease) -> dict[str, object]:
        return {**lease._asdict(), "done": False, "expires": self._clock.now() + ABANDONED_S}


def _name(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _lease(key: str, document: Document | None) -> Lease | None:
    """None if there is no lease, or it was released without a result. An unreadable lease counts as finished."""
    if document is None:
        return None
    try:
        result, is_done = document.get("result"), bool(document["done"])
        if is_done and result is None:
            return None
        return Lease(
            str(document["token"]),
            str(document.get("account", "")),
            int(document["beat"]),
            bool(document.get("waiting")),
            Result.from_text(key, str(result)) if is_done else None,
        )
    except (KeyError, TypeError, ValueError):
        return Lease("", result=Result())
