"""Quotas of calls that need a licence: searches, downloads and private scans of a month."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from enum import Enum
from typing import Callable

from .accounts import Licence, Licences
from .errors import quota_exceeded
from .quotas import Allowance, Clock
from .windows import Period, month_period


class Feature(Enum):
    """A feature with a quota of its own; the value is the quota's name."""

    SEARCH = "intelligence_searches_monthly"
    DOWNLOAD = "intelligence_downloads_monthly"
    PRIVATE_SCAN = "private_scans_monthly"

    @property
    def licence(self) -> Licence:
        """The licence that allows it."""
        return Licence.PRIVATE if self is Feature.PRIVATE_SCAN else Licence.PREMIUM


class FeatureQuotas:
    """The used features of all keys. `allowed` is for each key or group that has the licence. Thread-safe."""

    def __init__(self, allowed: Mapping[Feature, int], clock: Clock, pool_of: Callable[[str], str]) -> None:
        self._allowed = allowed
        self._clock = clock
        self._pool_of = pool_of
        self._lock = threading.Lock()
        self._periods: dict[tuple[str, Feature], Period] = {}

    def spend(self, key: str, feature: Feature) -> None:
        """Count one use. ApiError 429 if the month's are used up."""
        with self._lock:
            now = self._clock()
            periods = [self._period(key, feature)]
            if self._pool_of(key) != key:
                periods.append(self._period(self._pool_of(key), feature))
            if any(period.wait(now, 1) for period in periods):
                raise quota_exceeded(None)
            for period in periods:
                period.spend(now)

    def allowances(self, key: str, licences: Licences) -> dict[str, Allowance]:
        """Allowed and used by name; without the licence, nothing is allowed."""
        with self._lock:
            return {feature.value: self._allowance(key, feature, licences) for feature in Feature}

    def _allowance(self, key: str, feature: Feature, licences: Licences) -> Allowance:
        now = self._clock()
        used = self._period(key, feature).used(now)
        allowed = self._allowed[feature] if feature.licence in licences else 0
        pool = self._pool_of(key)
        if pool == key:
            return Allowance(allowed, used)
        # A member is allowed nothing itself, and uses what the group is allowed.
        return Allowance(0, used, Allowance(allowed, self._period(pool, feature).used(now)))

    def _period(self, name: str, feature: Feature) -> Period:
        limit = None if self._pool_of(name) != name else self._allowed[feature]
        return self._periods.setdefault((name, feature), month_period(limit))
