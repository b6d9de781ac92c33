"""What this app keeps in splunkd: its settings, and the key in `storage/passwords`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.api_key import ApiKey
from connectors.errors import ConfigError, ConnectorError, Unavailable

_APP = "vtlookup"
_REALM, _NAME = "vtlookup", "api_key"
_SETTINGS, _KEY, _RIGHTS = "the settings of the app", "the API key", "your capabilities"
_NEEDS = {
    _SETTINGS: "to see the app vtlookup",
    _KEY: "the capability list_storage_passwords",
    _RIGHTS: "to see its own capabilities",
}
_VARIABLES = {
    "api_url": "VT_API_URL",
    "timeout": "VT_TIMEOUT",
    "quota": "VT_QUOTA",
    "cache_ttl": "VT_CACHE_TTL",
    "cache_ttl_not_found": "VT_CACHE_TTL_NOT_FOUND",
    "cache_size_mb": "VT_CACHE_SIZE_MB",
    "state": "VT_STATE",
    "never_query": "VT_NEVER_QUERY",
    "malicious_threshold": "VT_MALICIOUS_THRESHOLD",
    "suspicious_threshold": "VT_SUSPICIOUS_THRESHOLD",
}


class Splunkd:
    """The search's own session at the local splunkd. Errors are `ConnectorError`s that say what to do."""

    def __init__(self, uri: str, session_key: str) -> None:
        from splunklib import client

        parts = urlsplit(uri)
        # The SDK does not verify splunkd's certificate: it is this machine's own, by default self-signed.
        self._service = client.Service(
            scheme=parts.scheme or "https",
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 8089,
            token=session_key,
            owner="nobody",
            app=_APP,
        )

    def settings(self) -> Mapping[str, str]:
        """`vtlookup.conf`'s settings by `VT_*` name; those left empty are left out."""
        try:
            content = self._ask(_SETTINGS, lambda: self._service.confs[_APP]["settings"].content)
        except KeyError:
            raise ConfigError("vtlookup.conf has no [settings]: is the app vtlookup installed here?") from None
        return {
            variable: str(content[name])
            for name, variable in _VARIABLES.items()
            if str(content.get(name) or "").strip()
        }

    def key(self) -> ApiKey:
        try:
            entity = self._ask(_KEY, lambda: self._service.storage_passwords[f"{_REALM}:{_NAME}:"])
        except KeyError:
            raise ConfigError(
                "no API key is stored: an admin stores it in storage/passwords, realm vtlookup, name api_key"
            ) from None
        return ApiKey(str(entity.content.get("clear_password") or ""))

    def capabilities(self) -> frozenset[str]:
        """Of whoever searches."""

        def question() -> frozenset[str]:
            answer = self._service.get("/services/authentication/current-context", output_mode="json")
            return frozenset(json.loads(answer.body.read())["entry"][0]["content"]["capabilities"])

        try:
            found: frozenset[str] = self._ask(_RIGHTS, question)
        except KeyError:
            raise Unavailable("splunkd's answer does not tell your capabilities") from None
        return found

    def _ask(self, what: str, question: Any) -> Any:
        from splunklib.binding import AuthenticationError, HTTPError

        try:
            return question()
        except AuthenticationError:
            raise ConfigError(f"splunkd does not accept this search's session, so {what} cannot be read") from None
        except HTTPError as error:
            raise _refused(what, error.status) from None
        except OSError as error:
            raise Unavailable(f"splunkd could not be reached for {what} ({type(error).__name__})") from None
        except KeyError:
            raise
        except Exception as error:  # what the SDK raises where it cannot read an answer, it does not say
            raise Unavailable(f"splunkd's answer about {what} was not understood ({type(error).__name__})") from None


def _refused(what: str, status: int) -> ConnectorError:
    if status in (401, 403):
        return ConfigError(f"you may not read {what}: your role needs {_NEEDS[what]}; ask your admin")
    return Unavailable(f"splunkd did not give {what} (HTTP {status})")
