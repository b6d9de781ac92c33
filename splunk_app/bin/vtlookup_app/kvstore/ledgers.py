"""The book for all search heads of a cluster: each transaction adds a version of the ledger.

The KV store tells no time, and splunkd's is this machine's. So the time is this machine's, but never before what the
ledger was last changed at; and the ledger knows by how much clocks may differ, which keeps its windows so much longer.
"""

from __future__ import annotations

import contextlib
import logging
import random
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass

from vt_connectors.clock import Clock
from vt_connectors.errors import ConfigError
from vt_connectors.quota.clock_changes import adjust
from vt_connectors.quota.ledger import Ledger
from vt_connectors.quota.ledger_store import LOST, PATIENCE_S, Change, Result
from vt_connectors.state.fallback import StateBusy, StateUnavailable

from .collection import NotAllowed
from .versions import KEPT_S, Look, Versions, key

_LOG = logging.getLogger("vt_connectors.quota")
# Search heads' clocks may differ by so much. Splunk wants them to be kept by NTP, which does far better.
APART_S = 2.0
_CLOCKS_DIFFER = (
    "this search head's clock is %.0f s behind another's: beyond %.0f s the quota can be exceeded; let NTP keep them"
)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.5
# Versions that are not the newest lose their content, and then go, in steps of so many.
_STEP = 64
# Deleting the first would make the beginning of a ledger possible once more.
_FIRST_VERSION = 1


@dataclass(frozen=True)
class Known:
    """What this process last saw or wrote of a ledger. `store_id` changes where one begins anew."""

    look: Look
    store_id: str


class KvLedgers:
    """Raises `StateBusy` where others were faster for half a minute on end, and `ConfigError` for who may not write:
    a part of the quota for each of these would be more than there is.
    """

    def __init__(
        self, versions: Versions, clock: Clock, patience_s: float = PATIENCE_S, max_clock_skew_s: float = APART_S
    ) -> None:
        self._versions = versions
        self._clock = clock
        self._patience_s = patience_s
        self._max_clock_skew_s = max_clock_skew_s
        self._known: dict[str, Known] = {}
        self._has_told = False

    def transact(self, scope: str, change: Change[Result]) -> Result:
        with _told():
            return self._transact(scope, change)

    def peek(self, scope: str) -> tuple[Ledger, float]:
        with _told():
            look = self._look(scope)
        ledger, _ = self._ledger(scope, look)
        return ledger, self._now(look)

    def _transact(self, scope: str, change: Change[Result]) -> Result:
        give_up, pause = time.monotonic() + self._patience_s, _FIRST_PAUSE_S
        while True:
            look = self._look(scope)
            now = self._now(look)
            ledger, loss = self._ledger(scope, look)
            # This machine's clock alone: who is told another's time has not had its own clock set.
            adjust(ledger, self._clock.now(), self._clock.uptime())
            result = change(ledger, now)
            if self._write(scope, look, ledger, now):
                if loss:
                    _LOG.warning("%s", loss)
                return result
            if time.monotonic() > give_up:
                raise StateBusy(f"the record of the quota in {self._versions.collection.place} is in others' hands")
            time.sleep(random.uniform(0, pause))  # noqa: S311  # that they do not meet again, not for secrecy
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)

    def _look(self, scope: str) -> Look:
        """What is seen, or what is known here if that is newer: this member may be behind."""
        look, known = self._versions.look(scope), self._known.get(scope)
        if known is not None and known.look.version > look.version:
            look.newest = known.look.newest
        return look

    def _now(self, look: Look) -> float:
        here, last = self._clock.now(), 0.0 if look.newest is None else float(look.newest["at"])
        if last - here > APART_S:
            if not self._has_told:
                self._has_told = True
                _LOG.warning(_CLOCKS_DIFFER, last - here, APART_S)
            return here
        return max(here, last)

    def _ledger(self, scope: str, look: Look) -> tuple[Ledger, str]:
        """The ledger, and what to say of what was lost of it."""
        found, known = look.newest, self._known.get(scope)
        reset_at = self._now(look) + self._max_clock_skew_s
        try:
            ledger = Ledger() if found is None else Ledger.from_json(str(found.get("content", "")).encode())
        except ValueError:
            return Ledger(reset_at=reset_at, max_clock_skew_s=self._max_clock_skew_s), LOST
        ledger.max_clock_skew_s = self._max_clock_skew_s
        if found is not None and known is not None and found["store_id"] != known.store_id:
            # Who began it anew may not have known that there was one.
            ledger.reset_at = reset_at
            return ledger, LOST
        return ledger, ""

    def _write(self, scope: str, look: Look, ledger: Ledger, now: float) -> bool:
        content = ledger.to_json()
        store_id = secrets.token_hex(4) if look.newest is None else str(look.newest["store_id"])
        if look.newest is not None and look.newest.get("content") == content:
            self._remember(scope, Known(look, store_id))
            return True
        added = self._versions.add(scope, look, {"store_id": store_id, "at": now, "content": content})
        if added is None:
            return False
        written = Look(added)
        self._remember(scope, Known(written, store_id))
        if written.version % _STEP == 0:
            # Not worth a failure: the next one's step does the rest.
            with contextlib.suppress(StateUnavailable):
                self._tidy(scope, written.version, now)
        return True

    def _remember(self, scope: str, known: Known) -> None:
        """Threads come here in any order."""
        before = self._known.get(scope)
        if before is None or before.store_id != known.store_id or before.look.version < known.look.version:
            self._known[scope] = known

    def _tidy(self, scope: str, newest: int, now: float) -> None:
        """Nobody reads the old versions, but everybody must find that they are there."""
        old = range(max(_FIRST_VERSION, newest - 2 * _STEP + 1), newest - _STEP + 1)
        collection = self._versions.collection
        collection.save([{"_key": key(scope, at), "name": scope, "version": at, "at": now} for at in old])
        gone = {"$gt": _FIRST_VERSION, "$lte": newest - _STEP}
        collection.delete({"name": scope, "version": gone, "at": {"$lt": now - KEPT_S}})


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except NotAllowed as error:
        raise ConfigError(f"{error}; nothing is asked without the record of the quota: ask your admin") from error
