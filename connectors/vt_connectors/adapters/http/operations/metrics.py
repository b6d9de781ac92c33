"""The server's figures in the text format of Prometheus. No label has an indicator, and each has few values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from ....actions import ACTIONS
from ....core import Core
from ..callers import Caller
from ..cores import Cores
from ..messages import Call, Note, Refused, Reply
from ..share_registration import use_by_client
from .call_counts import OTHER, CallCounts, Labels
from .readiness import windows_of

# The most values of a label that come from outside of this package.
_MOST_VALUES = 200
_FACES = {
    "/v1/": "contract",
    "/api/v3/": "v3",
    "/_vtaction/": "v3",
    "/vtapi/v2/": "v2",
    "/healthz": "operations",
    "/readyz": "operations",
    "/metrics": "operations",
    "/openapi.json": "contract",
}
# A method and a template of a path: no part of it can be an indicator.
_TEMPLATE = re.compile(r"(GET|HEAD|POST|PUT|PATCH|DELETE) (/(api|v1|v2|v3|vtapi|[a-z_]{1,40}|\{[a-z_]{1,40}\}))+/?")
_HASH = re.compile(r"/[a-f]{32,}")
_CODE = re.compile(r"[a-z_]{1,40}")
_SOURCES = ("api", "cache", "shared")
# What is answered without an action, or with many.
_FURTHER = ("batch", "describe", "openapi")
_WAITS_S = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)


class Metrics:
    """A watcher that counts the replies. `waiting()`: the requests that may wait for quota now. `lost_lines()`: of the
    audit log.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, cores: Cores, waiting: Callable[[], int], lost_lines: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        registry = self._registry
        self._clients, self._actions = _Values(), _Values()
        self._calls = CallCounts()
        registry.register(self._calls)
        about = "Requests to VirusTotal"
        self._upstream = Counter("vtaction_upstream_requests", about, ("endpoint", "http_status"), registry=registry)
        about = "Seconds that calls waited for quota"
        self._waits = Histogram("vtaction_quota_wait_seconds", about, buckets=_WAITS_S, registry=registry)
        about = "Calls that the server refused"
        self._refused = Counter("vtaction_refused", about, ("reason",), registry=registry)
        about = "Calls that wait for quota or for VirusTotal, or may have to"
        places = Gauge("vtaction_waiting_places_taken", about, registry=registry)
        places.set_function(waiting)
        registry.register(_LostLines(lost_lines))
        registry.register(_QuotaFigures(cores))
        ProcessCollector(registry=registry)

    def text(self) -> bytes:
        """All figures."""
        return generate_latest(self._registry)

    # As a watcher: it never waits.
    is_ready = True

    def began(self, call: Call) -> None:
        """See `Watcher`."""
        self._calls.began()

    def replied(
        self, call: Call, caller: Caller | None, reply: Reply, refused: Refused | None, sent_bytes: int, took_s: float
    ) -> None:
        """See `Watcher`."""
        self._calls.ended()
        note = reply.note if refused is None else reply.note._replace(outcome="")
        self._count(call, caller, note, str(reply.status))
        if refused is not None:
            self._refused.labels(refused.reason if _CODE.fullmatch(refused.reason) else OTHER).inc()

    def answered_line(self, call: Call, caller: Caller, note: Note) -> None:
        """See `Watcher`."""
        self._count(call, caller, note, "")

    def _count(self, call: Call, caller: Caller | None, note: Note, http_status: str) -> None:
        action = self._action(note)
        source = note.source if note.source in _SOURCES else ""
        status = note.outcome if _CODE.fullmatch(note.outcome) else http_status
        self._calls.count(Labels(self._client(caller), face_of(call), action, status, source))
        if note.requests:
            self._upstream.labels(action, str(note.http_status or "none")).inc(note.requests)
        if note.requests or note.waited_s:
            self._waits.observe(note.waited_s)

    def _client(self, caller: Caller | None) -> str:
        """The name of the token. Clients with keys of their own have none."""
        if caller is None or ":" in caller.name:
            return ""
        return self._clients.bounded(caller.name)

    def _action(self, note: Note) -> str:
        if not note.action or note.action in ACTIONS or note.action in _FURTHER:
            return note.action
        is_template = _TEMPLATE.fullmatch(note.action) and not _HASH.search(note.action)
        return self._actions.bounded(note.action) if is_template else OTHER


class _Values:
    """The values of one label: the first ones, and `other`."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def bounded(self, value: str) -> str:
        if value not in self._known:
            if len(self._known) >= _MOST_VALUES:
                return OTHER
            self._known.add(value)
        return value


class _LostLines(Collector):
    """Of the audit log, which counts them itself."""

    def __init__(self, lost_lines: Callable[[], int]) -> None:
        self._lost_lines = lost_lines

    def collect(self) -> Iterator[CounterMetricFamily]:
        about = "Lines of the audit log that could not be written"
        yield CounterMetricFamily("vtaction_audit_lost_lines", about, value=self._lost_lines())


class _QuotaFigures(Collector):
    """The windows of the quota, read when the figures are asked for."""

    def __init__(self, cores: Cores) -> None:
        self._cores = cores

    def collect(self) -> Iterator[GaugeMetricFamily]:
        used = GaugeMetricFamily("vtaction_quota_used", "Used requests of a window", labels=("window",))
        limit = GaugeMetricFamily("vtaction_quota_limit", "Requests that a window allows", labels=("window",))
        with self._cores.core() as core:
            windows = windows_of(core) if isinstance(core, Core) else {}
            clients = use_by_client(core)
        for name, window in windows.items():
            if "limit" in window:
                used.add_metric((name,), window["used"])
                limit.add_metric((name,), window["limit"])
        yield used
        yield limit
        yield from _of_clients(clients)


def _of_clients(clients: Mapping[str, Mapping[str, Any]]) -> Iterator[GaugeMetricFamily]:
    waiting = GaugeMetricFamily("vtaction_waiting", "Requests that wait for quota", labels=("client",))
    used = GaugeMetricFamily("vtaction_client_quota_used", "Used requests", labels=("client", "window"))
    guaranteed = GaugeMetricFamily("vtaction_client_quota_guaranteed", "By its share", labels=("client", "window"))
    for client, use in clients.items():
        waiting.add_metric((client,), use["waiting"])
        for window, figures in use["windows"].items():
            used.add_metric((client, window), figures["used"])
            guaranteed.add_metric((client, window), figures["guaranteed"])
    yield from (waiting, used, guaranteed)


def face_of(call: Call) -> str:
    """The part of the server that answers the call."""
    for begins, face in _FACES.items():
        if call.path.startswith(begins):
            return face
    return OTHER
