"""Which API keys have a licence for Google Threat Intelligence.

Nothing says so but the answers: a licensed key gets assessments. Each key that got one is remembered for a week in the
shared state, as a hash, so that all processes know it. When a licence ends, the key's answers are stored for it alone
for that week, and then shared again.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..cache import Entry, any_entry
from ..light_typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from ..api_key import ApiKey
    from ..cache import AnswerCache
    from ..clock import Clock

# Seconds.
_REMEMBERED_S = 7 * 86400.0
_NOTED_AGAIN_S = 3600.0
# For how long the shared state is not read again.
_KNOWN_S = 60.0
_MOST = 1000
Owners = dict[str, float]


class LicensedKeys:
    """Thread-safe. `owner(key)` as in `Context`. `is_elsewhere()`: this process cannot read the configured key, but
    another process that it can ask has it.
    """

    def __init__(
        self,
        cache: AnswerCache,
        clock: Clock,
        space: str,
        owner: Callable[[ApiKey | None], str | None],
        is_elsewhere: Callable[[], bool],
    ) -> None:
        self._cache = cache
        self._clock = clock
        self._name = f"v{space}:licences:gti"
        self._owner = owner
        self._is_elsewhere = is_elsewhere
        # Times of assessments by owner: in the shared state, and those that this process noted.
        self._shared: Owners = {}
        self._own: Owners = {}
        self._read_at: float | None = None

    def has(self, key: ApiKey | None) -> bool:
        """Whether the key is known to be licensed. None: the configured one; elsewhere it may be any of those known."""
        if not self._known():
            return False  # the usual case, without reading the key
        owner = self._owner(key)
        return self._is_elsewhere() if owner is None else owner in self._known()

    def note(self, key: ApiKey | None) -> None:
        """The key just got an assessment."""
        owner, now = self._owner(key), self._clock.now()
        known = self._known()
        if owner is None or (owner in known and now - self._shared.get(owner, 0.0) < _NOTED_AGAIN_S):
            return
        self._own = {**self._own, owner: now}
        # Another process may have noted another key in the meantime.
        self._read_at = None
        newest = dict(sorted(self._known().items(), key=lambda known: known[1])[-_MOST:])
        self._cache.put(self._name, Entry("ok", {"owners": newest}, now, is_copy=True))
        self._shared = newest

    @property
    def unread(self) -> frozenset[str]:
        """The cache key to read before `has`, if it is due: a caller that reads many answers reads it with them."""
        now = self._clock.monotonic()
        is_due = self._read_at is None or not 0 <= now - self._read_at < _KNOWN_S
        return frozenset((self._name,)) if is_due else frozenset()

    def learn(self, found: Mapping[str, Entry]) -> None:
        """`found`: the entries of `unread`, and perhaps others."""
        entry = found.get(self._name)
        owners = entry.report.get("owners") if entry is not None else None
        known = owners if isinstance(owners, dict) else {}
        self._shared = {owner: at for owner, at in known.items() if isinstance(at, (int, float))}
        self._read_at = self._clock.monotonic()

    def _known(self) -> Owners:
        if self.unread:
            entry = self._cache.peek_shared(self._name, any_entry)
            self.learn({} if entry is None else {self._name: entry})
        if not self._shared and not self._own:
            return {}
        since = self._clock.now() - _REMEMBERED_S
        return {owner: at for owner, at in {**self._shared, **self._own}.items() if at > since}
