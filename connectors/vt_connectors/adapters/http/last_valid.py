"""The last valid settings and key: a server goes on with them while a file is being edited, or a key is exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable, TypeVar

from ...api_key import ApiKey
from ...config.credentials import find_key
from ...config.settings import Settings, read_settings
from ...errors import ConfigError
from ...log import logger
from ...redaction import remember, without_keys

_LOG = logger("serve")
_Built = TypeVar("_Built")


class LastValid:
    """The methods for settings are safe for many threads, unless two of them have the same `version` of the API."""

    def __init__(self) -> None:
        self._settings: dict[str, Settings] = {}
        self._key: ApiKey | None = None

    def built(self, environment: Mapping[str, str], version: str, build: Callable[[Settings], _Built]) -> _Built:
        """What `build` makes of the settings of `environment`; of the last valid ones if they are wrong.

        Settings are wrong also if `build` raises `ConfigError`. Raises it if there are no valid ones.
        """
        try:
            settings = read_settings(environment)
            built = build(settings)
        except ConfigError as error:
            earlier = self._settings.get(version)
            if earlier is None:
                raise
            _LOG.error("the settings are wrong, so the earlier ones stay in use: %s", without_keys(error.message))
            return build(earlier)
        self._settings[version] = settings
        return built

    def settings(self, version: str) -> Settings | None:
        """The settings in force; None if none were valid so far."""
        return self._settings.get(version)

    def key(self, environment: Mapping[str, str]) -> Callable[[], ApiKey]:
        """Returns the key of `environment`, or the last valid one; raises `ConfigError` if there is none.

        Not thread-safe.
        """
        wrong: ConfigError | None = None
        try:
            self._key = remember(find_key(environment)[0])
        except ConfigError as error:
            if self._key is not None:
                _LOG.error("the key cannot be read, so the earlier one stays in use: %s", without_keys(error.message))
            wrong = error
        found = self._key

        def key() -> ApiKey:
            if found is None:
                assert wrong is not None
                raise wrong.with_traceback(None)
            return found

        return key
