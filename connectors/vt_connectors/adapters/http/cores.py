"""The core for each version of VirusTotal's API, on the same state: built on first use, and again after a reload."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Union

from ...clock import SystemClock
from ...config.settings import config_file
from ...core import Core
from ...errors import ConfigError
from ...misconfigured import Misconfigured
from ..core_from_environment import core_from

AnyCore = Union[Core, Misconfigured]


class _InUse:
    def __init__(self, core: AnyCore) -> None:
        self.core = core
        self.users = 0


class Cores:
    """`with cores.core("3") as core`. Safe for many threads. A core that was replaced is closed after its last call."""

    def __init__(self, environment: Mapping[str, str], clock: SystemClock) -> None:
        self._environment = dict(environment)
        self._clock = clock
        self._known: dict[str, _InUse] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def core(self, version: str = "") -> Iterator[AnyCore]:
        """`version`: of VirusTotal's API; without it, the configured one."""
        with self._lock:
            if self._is_configured(version):
                version = ""
            in_use = self._use_of(version)
            in_use.users += 1
        try:
            yield in_use.core
        finally:
            with self._lock:
                in_use.users -= 1
                is_over = not in_use.users and self._known.get(version) is not in_use
            if is_over:
                _close(in_use.core)

    def reload(self) -> None:
        """Read settings and key again for the next calls."""
        with self._lock:
            replaced, self._known = self._known, {}
            unused = [in_use.core for in_use in replaced.values() if not in_use.users]
        for core in unused:
            _close(core)

    def close(self) -> None:
        """No call may be in progress."""
        self.reload()

    def _is_configured(self, version: str) -> bool:
        """Whether the core for the configured version is one for `version`: all callers share it then."""
        core = self._use_of("").core if version else None
        return isinstance(core, Core) and core.context.space.partition("@")[0] == version

    def _use_of(self, version: str) -> _InUse:
        if version not in self._known:
            self._known[version] = _InUse(self._made(version))
        return self._known[version]

    def _made(self, version: str) -> AnyCore:
        chosen = {"VT_API_VERSION": version} if version else {}
        # Clients of VirusTotal's own API need the raw objects, so that their calls are answered from the cache too.
        kept = {} if self._says_whether_to_keep_raw() else {"VT_KEEP_RAW": "1"}
        return core_from({**self._environment, **kept, **chosen}, self._clock)

    def _says_whether_to_keep_raw(self) -> bool:
        try:
            return bool(self._environment.get("VT_KEEP_RAW")) or "keep_raw" in config_file(self._environment)
        except ConfigError:
            return True  # reported by the core


def _close(core: AnyCore) -> None:
    if isinstance(core, Core):
        core.close()
