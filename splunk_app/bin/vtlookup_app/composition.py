"""The composition root of the search: reads the settings and the key, and builds the core."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vt_connectors.actions.request_batch import BatchAnswers
from vt_connectors.api_key import ApiKey
from vt_connectors.clock import SystemClock
from vt_connectors.composition.core import build
from vt_connectors.config.credentials import find_key
from vt_connectors.config.settings import Settings, config_file, environment_values, not_settings, settings_from
from vt_connectors.config.unknown_variables import warn_once
from vt_connectors.contract.documents import error_response
from vt_connectors.core import Core
from vt_connectors.errors import ConfigError, ConnectorError
from vt_connectors.misconfigured import Misconfigured
from vt_connectors.redaction import remember

from .app_settings import state_folder
from .cancellation import Cancellation
from .limits import MAY_LOOK_UP, MAY_WRITE
from .logs.search_log import SearchLog
from .options import SearchOptions
from .policy import Caller, may_move_streams, refusal
from .search.enrichment import Enrichment
from .setting_names import CA_BUNDLE, PROXY
from .splunkd import KeyNotSeen, Splunkd
from .warning_collector import WarningCollector

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response

    from .endpoint_client.client import EndpointClient

_KEY_NAMES = ("api_key", "api_key_file")
# Each with its other names in the environment that `requests` reads.
_NETWORK = {PROXY: ("https_proxy", "ALL_PROXY", "all_proxy"), CA_BUNDLE: ("CURL_CA_BUNDLE",)}


def start(
    app: Path,
    options: SearchOptions,
    searchinfo: Any,
    environment: Mapping[str, str],
    stopping: Cancellation,
    log: SearchLog,
) -> Enrichment:
    """Everything the first chunk needs. An error in the settings becomes the answer for every value."""
    warnings = WarningCollector()
    log.hear_the_core()
    asking = asking_for(app, searchinfo, environment, stopping)
    return Enrichment(asking.core.within(BatchAnswers()), options, warnings, stopping, asking.broker)


class Asking(NamedTuple):
    """The core with the rights of a search's session; `broker` gives the endpoint's client if it cannot see the key.

    An error in the settings becomes the answer to every request.
    """

    core: Core | Misconfigured
    broker: Callable[[], EndpointClient | None]
    caller: Caller

    def answer(self, document: Mapping[str, Any]) -> Response:
        """The response to a request of any action; an error if this user has no right to it. Never raises."""
        broker = self.broker()
        if broker is not None:
            return broker.answer(document)
        refused = refusal(document, self.caller)
        return self.core.answer(document) if refused is None else error_response(document["action"], None, refused)

    def delivered(self, document: Mapping[str, Any], response: Response) -> None:
        """splunkd has the events of `response`: the stream that `document` reads continues after them. Never raises."""
        broker = self.broker()
        if broker is not None:
            broker.delivered(document, response)
        elif isinstance(self.core, Core) and self.moves_streams() is None:
            self.core.delivered(response)

    def moves_streams(self) -> str | None:
        """None if this user's searches move the position in a stream; else why not."""
        try:
            moves = may_move_streams(self.caller)
        except ConnectorError as error:
            return error.message
        return None if moves else f"your role needs the capability {MAY_WRITE}"


def asking_for(app: Path, searchinfo: Any, environment: Mapping[str, str], stopping: Cancellation) -> Asking:
    """For a search with any of the commands."""
    clock = SystemClock()
    stopping.tell(clock.cancel)
    splunkd = splunkd_of(searchinfo)
    key = KeyOnce(lambda: _key(splunkd, environment))
    broker = cache(lambda: _broker(splunkd, key))
    return Asking(_core(app, splunkd, key, environment, clock), broker, Caller(splunkd, splunkd))


def _core(
    app: Path, splunkd: Splunkd | None, key: KeyOnce, environment: Mapping[str, str], clock: SystemClock
) -> Core | Misconfigured:
    # splunkd writes each line of stderr to its log as an error.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    try:
        stored = splunkd.settings() if splunkd is not None else {}
        use_network(stored, environment)
        places = splunkd.places() if splunkd is not None else {}
        return build(settings_of(app, stored, environment), key, clock, places=places)
    except ConnectorError as error:
        return Misconfigured(error)


def _broker(splunkd: Splunkd | None, key: KeyOnce) -> EndpointClient | None:
    """The endpoint's client if this search cannot see the key."""
    try:
        key()
    except KeyNotSeen as error:
        if splunkd is not None:
            from .endpoint_client.client import EndpointClient

            return EndpointClient(splunkd, error)
    except ConnectorError:
        pass
    return None


def settings_of(app: Path, stored: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """The app's settings: those of the environment override those stored in splunkd. Raises `ConfigError`."""
    warn_once(not_settings(environment))
    defaults = {"VT_STATE": str(_state_file(app, environment))}
    return settings_from({**defaults, **stored, **_own_settings(environment)})


def use_network(stored: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Put the stored proxy and CA bundle into `os.environ` for `requests`, unless `environment` has them."""
    for name, others in _NETWORK.items():
        if any(environment.get(known) for known in (name, *others)):
            continue
        if stored.get(name):
            os.environ[name] = str(stored[name])
        else:
            os.environ.pop(name, None)


def splunkd_of(searchinfo: Any) -> Splunkd | None:
    """None if the search has no splunkd address or no session."""
    uri, session = getattr(searchinfo, "splunkd_uri", ""), getattr(searchinfo, "session_key", "")
    return Splunkd(uri, session) if uri and session else None


def _own_settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """The environment's settings: its variables, then the file that one of them may name."""
    from_file = {f"VT_{name.upper()}": value for name, value in config_file(environment).items()}
    return {**from_file, **environment_values(environment)}


class KeyOnce:
    """The key, read once per search: the core needs it for every request, splunkd is asked only for the first."""

    def __init__(self, find: Callable[[], ApiKey]) -> None:
        self._find = find
        self._key: ApiKey | None = None
        self._error: ConnectorError | None = None

    def __call__(self) -> ApiKey:
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._key is None:
            try:
                self._key = remember(self._find())
            except ConnectorError as error:
                self._error = error
                raise
        return self._key


def _key(splunkd: Splunkd | None, environment: Mapping[str, str]) -> ApiKey:
    """The environment's key if it has one, else the one stored in splunkd.

    splunkd checks the user's right to see the stored key. All searches share the environment, so the user's right to
    its key is checked here.
    """
    if splunkd is None:
        return find_key(environment)[0]
    if not has_key(environment):
        return splunkd.key()
    if MAY_LOOK_UP not in splunkd.capabilities():
        raise ConfigError(
            f"you may not look up: your role needs the capability {MAY_LOOK_UP}, as the role vtlookup_user has it; "
            "ask your admin"
        )
    return find_key(environment)[0]


def has_key(environment: Mapping[str, str]) -> bool:
    """Whether the environment has a key."""
    file = config_file(environment)
    return any(environment.get(f"VT_{name.upper()}", "").strip() or file.get(name) for name in _KEY_NAMES)


def _state_file(app: Path, environment: Mapping[str, str]) -> Path:
    return state_folder(app, environment) / "state.db"
