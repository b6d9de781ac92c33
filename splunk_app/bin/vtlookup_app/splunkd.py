"""Access to splunkd: the app's settings, the key in `storage/passwords`, the user's rights, and indexes."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from vt_connectors.api_key import ApiKey
from vt_connectors.clock import Clock
from vt_connectors.composition import Parts
from vt_connectors.composition.state import KVSTORE, Places
from vt_connectors.config.settings import Settings
from vt_connectors.errors import ConfigError, ConnectorError, Unavailable

from .setting_names import COMMENTS_ALLOWED as COMMENTS_ALLOWED
from .setting_names import OWN_SETTINGS, VARIABLES, unknown_settings
from .setting_names import VERDICT_INDEXES as VERDICT_INDEXES

_APP = "vtlookup"
_REALM, _NAME = "vtlookup", "api_key"
# Longer than a healthy store needs: a call that is given up may still have been carried out.
_KVSTORE_ANSWERS_S = 5.0
_SETTINGS, _KEY, _RIGHTS = "the settings of the app", "the API key", "what you may do"
_NEEDS = {
    ("read", _SETTINGS): "read access to the app vtlookup",
    ("read", _KEY): "the capability list_storage_passwords",
    ("read", _RIGHTS): "the right to log in",
    ("change", _SETTINGS): "write access to the app vtlookup, as admin has it",
    ("change", _KEY): "the capability edit_storage_passwords",
}
_DONE = {"read": "read", "change": "changed", "write to": "written to"}
_DOES = {"read": "give", "change": "change", "write to": "write to"}
_IS_THERE_ALREADY = 409
# splunkd returns a password that it cannot decrypt in its encrypted form.
_ENCRYPTED = re.compile(r"\$\d\$")
_LOG = logging.getLogger("vt_connectors.splunkd")
_TOLD: set[str] = set()


class KeyNotSeen(ConfigError):
    """This session sees no key: there is none, or this user may not read it. The endpoint may see one."""

    key_is_elsewhere = True


class Splunkd:
    """A session with the local splunkd. Errors are `ConnectorError`s that say what to do."""

    def __init__(self, uri: str, session_key: str) -> None:
        self._at = uri, session_key
        self._service = _service(uri, session_key)
        self._services = [self._service]

    @property
    def client(self) -> str:
        """A name for this session in the queue for quota; it does not reveal the session key."""
        from hashlib import sha256  # takes long to import, and few searches need it

        return sha256(b"vtlookup session " + self._at[1].encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def use_session_of(self, other: Splunkd) -> None:
        """Use the session of `other` from now on, also in the objects that `places` made: our session may end first."""
        self._at = other._at
        for service in self._services:
            service.token = other._service.token

    def places(self) -> Places:
        """The places for state that splunkd provides."""

        def kvstore(settings: Settings, clock: Clock) -> Parts:
            from .kvstore.parts import kvstore_parts

            return kvstore_parts(self.kvstore_service(), settings, clock)

        return {KVSTORE: kvstore}

    def kvstore_service(self) -> Any:
        """A service of splunklib with a timeout."""
        service = _service(*self._at, _KVSTORE_ANSWERS_S)
        self._services.append(service)
        return service

    def settings(self) -> Mapping[str, str]:
        """The settings of `vtlookup.conf` by their `VT_*` names; empty ones are left out."""
        content = self._content()
        for warning in unknown_settings(content):
            _warn_once(warning)
        return {
            variable: str(content[name]) for name, variable in VARIABLES.items() if str(content.get(name) or "").strip()
        }

    def own_settings(self) -> Mapping[str, str]:
        """The settings that the core does not have, by their names in `vtlookup.conf`."""
        content = self._content()
        return {name: str(content.get(name) or "").strip() for name in OWN_SETTINGS}

    def _content(self) -> Mapping[str, Any]:
        try:
            content: Mapping[str, Any] = self._ask(_SETTINGS, lambda: self._service.confs[_APP]["settings"].content)
        except KeyError:
            raise ConfigError("vtlookup.conf has no [settings]: is the app vtlookup installed here?") from None
        return content

    def key(self) -> ApiKey:
        try:
            entity = self._ask(_KEY, lambda: self._service.storage_passwords[f"{_REALM}:{_NAME}:"])
        except KeyError:
            raise KeyNotSeen(
                "no API key is stored: an admin stores it in storage/passwords, realm vtlookup, name api_key"
            ) from None
        return _usable_key(str(entity.content.get("clear_password") or "").strip())

    def store_settings(self, settings: Mapping[str, str]) -> None:
        """Store settings, by their names in `vtlookup.conf`, in the app's local/vtlookup.conf."""
        path = f"configs/conf-{_APP}/settings"
        self._ask(_SETTINGS, lambda: self._service.post(path, **settings), "change")

    def store_key(self, key: ApiKey) -> None:
        """Store the key, or replace the stored one."""
        folder = "storage/passwords"
        password = key.reveal()
        new = {"realm": _REALM, "name": _NAME, "password": password}
        try:
            self._ask(_KEY, lambda: self._service.post(folder, **new), "change")
        except Unavailable as error:
            if error.http_status != _IS_THERE_ALREADY:
                raise
            path = f"{folder}/{_REALM}:{_NAME}:"
            self._ask(_KEY, lambda: self._service.post(path, password=password), "change")

    def is_set_up(self) -> None:
        """Mark the app as set up, so Splunk Web no longer opens the setup page."""
        self._ask(_SETTINGS, lambda: self._service.post(f"/services/apps/local/{_APP}", configured="true"), "change")

    def capabilities(self) -> frozenset[str]:
        """The capabilities of the session's user."""
        path = "/services/authentication/current-context"
        reply = self._ask(_RIGHTS, lambda: self._service.get(path, output_mode="json"))
        try:
            return frozenset(json.loads(reply["body"].read())["entry"][0]["content"]["capabilities"])
        except (ValueError, LookupError, TypeError):
            raise Unavailable(f"splunkd's answer about {_RIGHTS} was not understood") from None

    def index(self, event: str, index: str, sourcetype: str, source: str) -> None:
        """Write one event of one line."""
        where = {"index": index, "sourcetype": sourcetype, "source": source}
        self._ask(
            f"the index {index}",
            lambda: self._service.post("/services/receivers/simple", body=event.encode(), **where),
            "write to",
        )

    def post(self, path: str, document: Any) -> Any:
        """The reply of the app's endpoint `path` to a JSON document. Raises the SDK's errors and `ValueError`."""
        headers = [("Content-Type", "application/json")]
        reply = self._service.post(f"/services/{path}", headers=headers, body=json.dumps(document))
        return json.loads(reply["body"].read())

    def _ask(self, what: str, question: Any, verb: str = "read") -> Any:
        from splunklib.binding import AuthenticationError, HTTPError

        try:
            return question()
        except AuthenticationError:
            raise ConfigError(
                f"splunkd does not accept this search's session, so {what} cannot be {_DONE[verb]}"
            ) from None
        except HTTPError as error:
            raise _refused(verb, what, error.status) from None
        except OSError as error:
            raise Unavailable(f"splunkd could not be reached for {what} ({type(error).__name__})") from None
        except KeyError:
            raise
        except Exception as error:  # the SDK does not document its errors for a reply that it cannot read
            raise Unavailable(f"splunkd's answer about {what} was not understood ({type(error).__name__})") from None


def _usable_key(stored: str) -> ApiKey:
    """Raises `ConfigError`."""
    if not stored or _ENCRYPTED.match(stored):
        raise ConfigError(
            "the API key is empty or Splunk could not decrypt it: store it again on the app's setup page (it cannot be "
            "decrypted after etc/auth/splunk.secret was changed)"
        )
    try:
        return ApiKey(stored)
    except ConfigError:
        raise ConfigError(
            "the API key stored in Splunk has characters that no key has, such as blanks: store it again on the app's "
            "setup page"
        ) from None


def _warn_once(warning: str) -> None:
    if warning not in _TOLD:
        _TOLD.add(warning)
        _LOG.warning("%s", warning)


def _service(uri: str, session_key: str, timeout_s: float | None = None) -> Any:
    from splunklib import binding, client

    parts = urlsplit(uri)
    return client.Service(
        # splunkd's certificate is not verified: this is the same machine, and by default the certificate is self-signed
        # and does not have its name. A new connection for each call takes 3 to 4 ms; `requests` would reuse it at 1 ms
        # per call, but takes 70 ms or more to import, and would use the proxy and the CA bundle for VirusTotal.
        handler=binding.handler(timeout=timeout_s, verify=False),
        scheme=parts.scheme or "https",
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 8089,
        token=session_key,
        owner="nobody",
        app=_APP,
    )


def _refused(verb: str, what: str, status: int) -> ConnectorError:
    if status in (401, 403):
        refusal = KeyNotSeen if (verb, what) == ("read", _KEY) else ConfigError
        needed = _NEEDS.get((verb, what), "the right to do so")
        return refusal(f"you may not {verb} {what}: your role needs {needed}; ask your admin")
    return Unavailable(f"splunkd did not {_DOES[verb]} {what} (HTTP {status})", http_status=status)
