"""The core for each version of VirusTotal's API, on the same state: built on first use, and again after a reload."""

from __future__ import annotations

import contextlib
import stat
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Union

from ...api_key import ApiKey
from ...clock import SystemClock
from ...composition import one_memory
from ...composition.core import build
from ...config.credentials import own_files
from ...config.paths import found_at
from ...config.settings import Settings, config_file, read_settings
from ...core import Core
from ...errors import ConfigError
from ...misconfigured import Misconfigured
from ..server.reloading import InUse, Replaceable
from .last_valid import LastValid

AnyCore = Union[Core, Misconfigured]


class _Made:
    def __init__(self, core: AnyCore) -> None:
        self.core = core

    def close(self) -> None:
        if isinstance(self.core, Core):
            self.core.close()


class Cores:
    """`with cores.core("3") as core`. Safe for many threads. A core that was replaced is closed after its last call.

    Settings and key are read again after `reload`, and if a key file has changed. Wrong ones do not replace valid ones.
    """

    def __init__(self, environment: Mapping[str, str], clock: SystemClock) -> None:
        self._environment = dict(environment)
        self._clock = clock
        # Kept when settings are read again, and the same for both versions.
        self._memory = one_memory(clock)
        self._known: dict[str, Replaceable[_Made]] = {}
        self._lock = threading.Lock()
        self._last_valid = LastValid()
        self._reading = threading.Lock()
        self._reloads = 0
        self._key_files = _key_files(self._environment)

    @contextlib.contextmanager
    def core(self, version: str = "") -> Iterator[AnyCore]:
        """`version`: of VirusTotal's API; without it, the configured one. All callers share one core for a version."""
        shared, in_use = self._taken("")
        if version not in ("", _version_of(in_use.made.core)):
            shared.give_back(in_use)
            shared, in_use = self._taken(version)
        try:
            yield in_use.made.core
        finally:
            shared.give_back(in_use)

    @property
    def settings(self) -> Settings | None:
        """The settings in force, which are not those of a file that is wrong now; None before the first core."""
        return self._last_valid.settings("")

    def is_current(self, core: Core) -> bool:
        """Whether `core` answers the next call for the configured version. Does not wait."""
        shared = self._known.get("")
        made = shared.current(self._made_of()) if shared is not None else None
        return made is not None and made.core is core

    def reload(self) -> None:
        """Read settings and key again for the next calls."""
        with self._lock:
            self._reloads += 1
            self._key_files = _key_files(self._environment)

    def close(self) -> None:
        """No call may be in progress."""
        with self._lock:
            known = list(self._known.values())
        for shared in known:
            shared.close()

    def _taken(self, version: str) -> tuple[Replaceable[_Made], InUse[_Made]]:
        # Without the lock, for which all threads would wait.
        shared = self._known.get(version)
        if shared is None:
            with self._lock:
                shared = self._known.setdefault(version, Replaceable())
        return shared, shared.take(self._made_of(), lambda: _Made(self._made(version)))

    def _made_of(self) -> object:
        """Differs if settings or key may have changed."""
        return self._reloads, [_stamp(path) for path in self._key_files]

    def _made(self, version: str) -> AnyCore:
        chosen = {"VT_API_VERSION": version} if version else {}
        # Clients of VirusTotal's own API need the raw objects, so that their calls are answered from the cache too.
        kept = {} if self._says_whether_to_keep_raw() else {"VT_KEEP_RAW": "1"}
        environment = {**self._environment, **kept, **chosen}
        with self._reading:
            key = self._last_valid.key(environment)

        def built(settings: Settings) -> Core:
            return build(settings, key, self._clock, own_files=lambda: own_files(environment), memory=self._memory)

        try:
            # Without a lock, because a server that keeps the state may take long to respond.
            return self._last_valid.built(environment, version, built)
        except ConfigError as error:
            return Misconfigured(error, key)

    def _says_whether_to_keep_raw(self) -> bool:
        try:
            return bool(self._environment.get("VT_KEEP_RAW")) or "keep_raw" in config_file(self._environment)
        except ConfigError:
            return True  # reported by the core


def check_settings(environment: Mapping[str, str], clock: SystemClock) -> Settings:
    """The settings of `environment`. Raises `ConfigError` if they are wrong, or if no core can be built with them."""

    def no_key() -> ApiKey:
        raise ConfigError("nothing is sent during the check")

    settings = read_settings(environment)
    build(settings, no_key, clock).close()
    return settings


def _version_of(core: AnyCore) -> str | None:
    return core.context.space.partition("@")[0] if isinstance(core, Core) else None


def _key_files(environment: Mapping[str, str]) -> Sequence[Path]:
    """Without the settings file, because someone may be editing it."""
    settings = found_at(environment.get("VT_CONFIG", "").strip(), environment)
    with contextlib.suppress(ConfigError):
        return [path for path in own_files(environment) if path != settings]
    return ()


def _stamp(path: Path) -> tuple[int, ...]:
    """Differs if the file has changed. A pipe can be read only once."""
    try:
        seen = path.stat()
    except (OSError, ValueError):
        return ()
    if not stat.S_ISREG(seen.st_mode):
        return (seen.st_mode,)
    return (seen.st_mode, seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns)
