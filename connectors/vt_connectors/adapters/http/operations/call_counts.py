"""The calls that are being answered, and those that were, counted with one lock for each: most calls change nothing
else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

OTHER = "other"
_KINDS = {"lookup_hash": "hash", "lookup_url": "url", "lookup_domain": "domain", "lookup_ip": "ip"}


class Labels(NamedTuple):
    """Of one call, as they are exported."""

    client: str
    face: str
    action: str
    status: str
    source: str


class CallCounts(Collector):
    """Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered: dict[Labels, int] = {}
        self._inflight = 0

    def began(self) -> None:
        """A call is being answered."""
        with self._lock:
            self._inflight += 1

    def ended(self) -> None:
        """It is answered."""
        with self._lock:
            self._inflight -= 1

    def count(self, labels: Labels) -> None:
        """Count one answer."""
        with self._lock:
            self._answered[labels] = self._answered.get(labels, 0) + 1

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        with self._lock:
            answered, inflight = dict(self._answered), self._inflight
        about = "Calls that were answered"
        calls = CounterMetricFamily("vtaction_requests", about, labels=Labels._fields)
        hits: dict[str, int] = {}
        for labels, number in answered.items():
            calls.add_metric(labels, number)
            if labels.source == "cache":
                kind = _KINDS.get(labels.action, OTHER)
                hits[kind] = hits.get(kind, 0) + number
        cached = CounterMetricFamily("vtaction_cache_hits", "Answers from the cache", labels=("kind",))
        for kind, number in hits.items():
            cached.add_metric((kind,), number)
        yield calls
        yield cached
        yield GaugeMetricFamily("vtaction_inflight", "Calls that are being answered", value=inflight)
