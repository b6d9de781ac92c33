"""Replaces environment variables in the core's messages by the names of settings in `vtlookup.conf`."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vt_connectors.contract.response import Response

# The original environment; the proxy and CA bundle of `vtlookup.conf` are put into `os.environ` later.
_ENVIRONMENT = dict(os.environ)
PROXY, CA_BUNDLE = "HTTPS_PROXY", "REQUESTS_CA_BUNDLE"
VARIABLES = {
    "api_url": "VT_API_URL",
    "timeout": "VT_TIMEOUT",
    "quota": "VT_QUOTA",
    "cache_ttl": "VT_CACHE_TTL",
    "cache_ttl_not_found": "VT_CACHE_TTL_NOT_FOUND",
    "cache_size_mb": "VT_CACHE_SIZE_MB",
    "pending_max": "VT_PENDING_MAX",
    "state": "VT_STATE",
    "state_required": "VT_STATE_REQUIRED",
    "never_query": "VT_NEVER_QUERY",
    "malicious_threshold": "VT_MALICIOUS_THRESHOLD",
    "suspicious_threshold": "VT_SUSPICIOUS_THRESHOLD",
    "thresholds": "VT_THRESHOLDS",
    "trusted_engines": "VT_TRUSTED_ENGINES",
    "ignored_engines": "VT_IGNORED_ENGINES",
    "verdict_by": "VT_VERDICT_BY",
    "proxy": PROXY,
    "ca_bundle": CA_BUNDLE,
}
# Settings of the app that the core does not have.
COMMENTS_ALLOWED, WRITES_ALLOWED, VERDICT_INDEXES = "comments_allowed", "writes_allowed", "verdict_indexes"
OWN_SETTINGS = (COMMENTS_ALLOWED, WRITES_ALLOWED, VERDICT_INDEXES)
_READ_FROM_FILES = ("selected_fields", "log_level")
_NAMES = {variable: name for name, variable in VARIABLES.items()}
_VARIABLE = re.compile(rf"\b({'|'.join(sorted(_NAMES, key=len, reverse=True))})\b(=\w+)?")
_KEY = "VT_API_KEY or VT_API_KEY_FILE"
_KEY_VARIABLES = ("VT_API_KEY", "VT_API_KEY_FILE")
# Commands in the core's messages, and the equivalent in Splunk.
_COMMANDS = {
    "`vtaction doctor`": "'Test the connection' on the app's setup page",
    "`vtaction quota`": "| vtquota account=true",
}


def in_splunk(text: str) -> str:
    """`text` with the names of `vtlookup.conf`, except for settings that splunkd's environment has."""
    if not any(sign in text for sign in ("VT_", PROXY, CA_BUNDLE, "`vtaction ")):
        return text
    for command, here in _COMMANDS.items():
        text = text.replace(command, here)
    if not _of_environment().intersection(_KEY_VARIABLES):
        text = text.replace(_KEY, "the key on the app's setup page")
    return _VARIABLE.sub(_named, text)


def response_in_splunk(response: Response) -> Response:
    """A response of the core with its messages so translated."""
    error = response["error"]
    if error is None:
        return response
    return {
        **response,
        "summary": in_splunk(response["summary"]),
        "error": {**error, "message": in_splunk(error["message"])},
    }


def _named(found: re.Match[str]) -> str:
    if found[1] in _of_environment():
        return found[0]
    return f"{_NAMES[found[1]]}{found[2] or ''} in vtlookup.conf"


@cache
def _of_environment() -> frozenset[str]:
    """The variables for settings and the key in splunkd's environment, or in the file that its `VT_CONFIG` names."""
    from vt_connectors.config.settings import config_file
    from vt_connectors.errors import ConfigError

    names = {name for name in (*_NAMES, *_KEY_VARIABLES) if _ENVIRONMENT.get(name, "").strip()}
    with contextlib.suppress(ConfigError):
        names.update(f"VT_{name.upper()}" for name in config_file(_ENVIRONMENT))
    return frozenset(names)


def unknown_settings(content: Collection[str]) -> list[str]:
    """A message for each unknown setting in `[settings]` of `vtlookup.conf`."""
    known = (*VARIABLES, *OWN_SETTINGS, *_READ_FROM_FILES)
    unknown = [name for name in content if name not in known and name != "disabled" and ":" not in name]
    return [f"unknown setting {name[:60]} in vtlookup.conf; {_nearest(name, known)}" for name in sorted(unknown)]


def _nearest(name: str, known: Collection[str]) -> str:
    from vt_connectors.contract.nearest import nearest

    near = nearest(name, known)
    return f"the nearest is {near}" if near else f"settings are {', '.join(known)}"
