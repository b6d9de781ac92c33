"""The composition root of the search: settings and key from their places, and the core made of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.api_key import ApiKey
from connectors.clock import SystemClock
from connectors.composition import build
from connectors.core import Core, Misconfigured
from connectors.credentials import find_key
from connectors.errors import ConnectorError
from connectors.settings import environment_values, settings_from

from .enrichment import Enrichment
from .heard_warnings import HeardWarnings
from .search_options import SearchOptions
from .splunkd import Splunkd

_KEY_VARIABLES = ("VT_API_KEY", "VT_API_KEY_FILE", "VT_CONFIG")


def start(app: Path, options: SearchOptions, searchinfo: Any, environment: Mapping[str, str]) -> Enrichment:
    """Everything the first chunk needs. What is wrong with the settings becomes every value's answer."""
    warnings = HeardWarnings()
    # splunkd writes each line of stderr to its log as an error.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    return Enrichment(_core(app, searchinfo, environment), options, warnings)


def _core(app: Path, searchinfo: Any, environment: Mapping[str, str]) -> Core | Misconfigured:
    splunkd = _splunkd(searchinfo)
    try:
        stored = splunkd.settings() if splunkd is not None else {}
        defaults = {"VT_STATE": str(_state_file(app, environment))}
        settings = settings_from({**defaults, **stored, **environment_values(environment)})
        return build(settings, lambda: _key(splunkd, environment), SystemClock())
    except ConnectorError as error:
        return Misconfigured(error)


def _splunkd(searchinfo: Any) -> Splunkd | None:
    uri, session = getattr(searchinfo, "splunkd_uri", ""), getattr(searchinfo, "session_key", "")
    return Splunkd(uri, session) if uri and session else None


def _key(splunkd: Splunkd | None, environment: Mapping[str, str]) -> ApiKey:
    """The environment's key where it has one, else the one splunkd keeps."""
    if splunkd is None or any(environment.get(name) for name in _KEY_VARIABLES):
        return find_key(environment)[0]
    return splunkd.key()


def _state_file(app: Path, environment: Mapping[str, str]) -> Path:
    """In Splunk's `var`, which upgrades of the app leave alone."""
    home = environment.get("SPLUNK_HOME")
    # .../etc/apps/vtlookup
    root = Path(home) if home else app.parent.parent.parent
    return root / "var" / "lib" / "vtlookup" / "state.db"
