"""The core of a process that serves many calls, replaced if the settings or the key change."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from vt_connectors.adapters.server.reloading import Replaceable
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

# How long settings and key are used before they are read again.
_LOOK_AGAIN_S = 30.0


class _Configuration(NamedTuple):
    """`network`: proxy and CA bundle."""

    settings: Settings
    key: ApiKey | ConnectorError
    network: tuple[Any, Any]


class _Made:
    """A core, and its session for the KV store."""

    def __init__(self, configuration: _Configuration, clock: Clock, splunkd: Splunkd) -> None:
        self._key = configuration.key
        self.splunkd = splunkd
        self.core = build(configuration.settings, self._found_key, clock, places=splunkd.places())

    def close(self) -> None:
        self.core.close()

    def _found_key(self) -> ApiKey:
        if isinstance(self._key, ConnectorError):
            raise self._key.with_traceback(None)
        return self._key


class SharedCore:
    """`with shared.core(splunkd) as core`. Safe for many threads at once."""

    def __init__(self, app: Path, environment: Mapping[str, str], clock: Clock) -> None:
        self._app = app
        self._environment = dict(environment)
        self._clock = clock
        self._core = Replaceable[_Made]()
        self._known: _Configuration | None = None
        self._good_until = 0.0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def core(self, system: Splunkd) -> Iterator[Core | Misconfigured]:
        """`system` is splunkd's own session. An error in the settings becomes the answer to every request."""
        with contextlib.ExitStack() as stack:
            try:
                made = stack.enter_context(self._in_use(system))
            except ConnectorError as error:
                yield Misconfigured(error)
                return
            yield made.core

    def forget(self) -> None:
        """Read settings and key again before the next call."""
        with self._lock:
            self._good_until = 0.0

    @contextlib.contextmanager
    def _in_use(self, system: Splunkd) -> Iterator[_Made]:
        with self._lock:
            configuration = self._look(system)

        def make() -> _Made:
            return _Made(configuration, self._clock, system)

        with self._core.use(configuration, make) as made:
            made.splunkd.use_session_of(system)
            yield made

    def _look(self, system: Splunkd) -> _Configuration:
        if self._known is not None and self._clock.monotonic() < self._good_until:
            return self._known
        stored = system.settings()
        settings = settings_of(self._app, stored, self._environment)
        found = _Configuration(settings, self._find_key(system), (stored.get(PROXY), stored.get(CA_BUNDLE)))
        if found != self._known:
            use_network(stored, self._environment)
        self._known = found
        if not isinstance(found.key, ConnectorError):
            self._good_until = self._clock.monotonic() + _LOOK_AGAIN_S
        return found

    def _find_key(self, system: Splunkd) -> ApiKey | ConnectorError:
        try:
            return remember(find_key(self._environment)[0] if has_key(self._environment) else system.key())
        except ConnectorError as error:
            return error
