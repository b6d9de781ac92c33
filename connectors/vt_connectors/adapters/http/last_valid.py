"""The last valid settings and key: a server goes on with them while a file is being edited, or a key is exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable

from ...api_key import ApiKey
from ...config.credentials import find_key
from ...config.settings import Settings, read_settings
from ...errors import ConfigError
from ...log import logger
from ...redaction import remember, without_keys

_LOG = logger("serve")


class LastValid:
    """Not thread-safe."""

    def __init__(self) -> None:
        self._settings: dict[str, Settings] = {}
        self._key: ApiKey | None = None

    def settings(self, environment: Mapping[str, str], version: str) -> Settings:
        """The settings of `environment`; if they are wrong, the last valid ones for this `version` of the API.

        Raises `ConfigError` if there are none.
        """
        try:
            self._settings[version] = read_settings(environment)
        except ConfigError as error:
            if version not in self._settings:
                raise
            _LOG.error("the settings are wrong, so the earlier ones stay in use: %s", without_keys(error.message))
        return self._settings[version]

    def key(self, environment: Mapping[str, str]) -> Callable[[], ApiKey]:
        """Returns the key of `environment`, or the last valid one; raises `ConfigError` if there is none."""
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
