"""The ledger store for all search heads of a cluster. Each transaction adds a version of the ledger.

The KV store has no clock, so the time is this machine's, but never before the ledger's last change. The ledger knows
by how much clocks may differ, and extends its windows by that.
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
# The most by which clocks of search heads may differ, in seconds. Splunk requires NTP, which is far more precise.
APART_S = 2.0
_CLOCKS_DIFFER = (
    "this search head's clock is %.0f s behind another's: beyond %.0f s the quota can be exceeded; set clocks by NTP"
)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.5
# Old versions first lose their content and are then deleted, this many at a time.
_STEP = 64
# If the first version were deleted, a ledger could begin a second time.
_FIRST_VERSION = 1


@dataclass(frozen=True)
class Known:
    """The last state of a ledger that this process saw or wrote. `store_id` changes if the ledger begins again."""

    look: Look
    store_id: str


class KvLedgers:
    """Raises `StateBusy` if other processes were faster for half a minute, and `ConfigError` for users without write
    access: there is no fallback for them, because their separate quotas would add up to more than the limit.
    """

    def __init__(
        self, versions: Versions, clock: Clock, patience_s: float = PATIENCE_S, max_clock_skew_s: float = APART_S
    ) -> None:
        self._versions = versions
        self._clock = clock
        self._patience_s = patience_s
        self._max_clock_skew_s = max_clock_skew_s
        self._known: dict[str, Known] = {}
        self._has_warned = False

    def transact(self, scope: str, change: Change[Result]) -> Result:
        with _error_for_admin():
            return self._transact(scope, change)

    def peek(self, scope: str) -> tuple[Ledger, float]:
        with _error_for_admin():
            look = self._look(scope)
        ledger, _ = self._ledger(scope, look)
        return ledger, self._now(look)

    def _transact(self, scope: str, change: Change[Result]) -> Result:
        give_up, pause = time.monotonic() + self._patience_s, _FIRST_PAUSE_S
        while True:
            look = self._look(scope)
            now = self._now(look)
            ledger, loss = self._ledger(scope, look)
            # Only this machine's clock: a later time from another machine is not a change of our clock.
            adjust(ledger, self._clock.now(), self._clock.uptime())
            result = change(ledger, now)
            if self._write(scope, look, ledger, now):
                if loss:
                    _LOG.warning("%s", loss)
                return result
            if time.monotonic() > give_up:
                raise StateBusy(f"the quota record in {self._versions.collection.place} is locked by other processes")
            time.sleep(random.uniform(0, pause))  # noqa: S311  # random so that writers do not collide, not for security
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)

    def _look(self, scope: str) -> Look:
        """The newest version in the store, or the one known here if it is newer, because this member may be behind."""
        look, known = self._versions.look(scope), self._known.get(scope)
        if known is not None and known.look.version > look.version:
            look.newest = known.look.newest
        return look

    def _now(self, look: Look) -> float:
        here, last = self._clock.now(), 0.0 if look.newest is None else float(look.newest["at"])
        if last - here > APART_S:
            if not self._has_warned:
                self._has_warned = True
                _LOG.warning(_CLOCKS_DIFFER, last - here, APART_S)
            return here
        return max(here, last)

    def _ledger(self, scope: str, look: Look) -> tuple[Ledger, str]:
        """The ledger, and a warning if a part of it was lost."""
        found, known = look.newest, self._known.get(scope)
        reset_at = self._now(look) + self._max_clock_skew_s
        try:
            ledger = Ledger() if found is None else Ledger.from_json(str(found.get("content", "")).encode())
        except ValueError:
            return Ledger(reset_at=reset_at, max_clock_skew_s=self._max_clock_skew_s), LOST
        ledger.max_clock_skew_s = self._max_clock_skew_s
        if found is not None and known is not None and found["store_id"] != known.store_id:
            # The process that began it again may not have known that a ledger existed.
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
            # Not worth a failure: the next transaction does the rest.
            with contextlib.suppress(StateUnavailable):
                self._tidy(scope, written.version, now)
        return True

    def _remember(self, scope: str, known: Known) -> None:
        """Threads may call this in any order, so an older state does not replace a newer one."""
        before = self._known.get(scope)
        if before is None or before.store_id != known.store_id or before.look.version < known.look.version:
            self._known[scope] = known

    def _tidy(self, scope: str, newest: int, now: float) -> None:
        """Old versions are not read any more, but their keys must exist for a while."""
        old = range(max(_FIRST_VERSION, newest - 2 * _STEP + 1), newest - _STEP + 1)
        collection = self._versions.collection
        collection.save([{"_key": key(scope, at), "name": scope, "version": at, "at": now} for at in old])
        gone = {"$gt": _FIRST_VERSION, "$lte": newest - _STEP}
        collection.delete({"name": scope, "version": gone, "at": {"$lt": now - KEPT_S}})


@contextlib.contextmanager
def _error_for_admin() -> Iterator[None]:
    try:
        yield
    except NotAllowed as error:
        raise ConfigError(f"{error}; no request is sent without the quota record: ask your admin") from error
