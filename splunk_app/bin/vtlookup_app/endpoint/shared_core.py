"""The core of a process that serves many calls, replaced if the settings or the key change."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vt_connectors.api_key import ApiKey
from vt_connectors.clock import Clock
from vt_connectors.composition.core import build
from vt_connectors.config.credentials import find_key
from vt_connectors.config.settings import Settings
from vt_connectors.core import Core
from vt_connectors.errors import ConnectorError
from vt_connectors.misconfigured import Misconfigured
from vt_connectors.redaction import remember

from ..composition import has_key, settings_of, use_network
from ..setting_names import CA_BUNDLE, PROXY
from ..splunkd import Splunkd

Network = tuple[Any, Any]
# How long settings and key are used before they are read again.
_LOOK_AGAIN_S = 30.0


class _CoreInUse:
    """A core, its settings and key, the number of calls that use it, and its session for the KV store."""

    def __init__(
        self, settings: Settings, key: ApiKey | ConnectorError, network: Network, clock: Clock, splunkd: Splunkd
    ) -> None:
        self.made_of = settings, key, network
        self.key = key
        self.splunkd = splunkd
        self.users = 0
        self.core = build(settings, self._key, clock, places=splunkd.places())

    def _key(self) -> ApiKey:
        if isinstance(self.key, ConnectorError):
            raise self.key.with_traceback(None)
        return self.key


class SharedCore:
    """`with shared.core(splunkd) as core`. Safe for many threads at once."""

    def __init__(self, app: Path, environment: Mapping[str, str], clock: Clock) -> None:
        self._app = app
        self._environment = dict(environment)
        self._clock = clock
        self._kept: _CoreInUse | None = None
        self._good_until = 0.0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def core(self, system: Splunkd) -> Iterator[Core | Misconfigured]:
        """`system` is splunkd's own session. An error in the settings becomes the answer to every request."""
        try:
            kept = self._take(system)
        except ConnectorError as error:
            yield Misconfigured(error)
            return
        try:
            yield kept.core
        finally:
            self._give_back(kept)

    def forget(self) -> None:
        """Read settings and key again before the next call."""
        with self._lock:
            self._good_until = 0.0

    def _take(self, system: Splunkd) -> _CoreInUse:
        with self._lock:
            if self._kept is None or self._clock.monotonic() >= self._good_until:
                self._look(system)
            assert self._kept is not None
            self._kept.splunkd.use_session_of(system)
            self._kept.users += 1
            return self._kept

    def _look(self, system: Splunkd) -> None:
        stored = system.settings()
        settings = settings_of(self._app, stored, self._environment)
        key = self._find_key(system)
        old = self._kept
        network = stored.get(PROXY), stored.get(CA_BUNDLE)
        if old is None or old.made_of != (settings, key, network):
            use_network(stored, self._environment)
            self._kept = _CoreInUse(settings, key, network, self._clock, system)
            if old is not None and not old.users:
                old.core.close()
        if not isinstance(key, ConnectorError):
            self._good_until = self._clock.monotonic() + _LOOK_AGAIN_S

    def _find_key(self, system: Splunkd) -> ApiKey | ConnectorError:
        try:
            return remember(find_key(self._environment)[0] if has_key(self._environment) else system.key())
        except ConnectorError as error:
            return error

    def _give_back(self, kept: _CoreInUse) -> None:
        with self._lock:
            kept.users -= 1
            is_over = kept is not self._kept and not kept.users
        if is_over:
            kept.core.close()
