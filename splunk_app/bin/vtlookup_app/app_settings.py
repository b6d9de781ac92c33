"""Settings that must be known before splunkd may be asked: read from the app's own files."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path

# The app's folder.
APP = Path(__file__).resolve().parents[2]
_ON, _OFF = ("true", "t", "1", "yes", "y"), ("false", "f", "0", "no", "n")


def selected_fields(app: Path, environment: Mapping[str, str]) -> bool:
    """Whether splunkd is to send only the field that is read: `VTLOOKUP_SELECTED_FIELDS`, else `vtlookup.conf`."""
    value = environment.get("VTLOOKUP_SELECTED_FIELDS") or _from_files(app, "selected_fields", "true")
    return not is_off(value)


def is_on(text: str) -> bool:
    """Of a setting that is off unless it says that it is on."""
    return text.strip().lower() in _ON


def is_off(text: str) -> bool:
    """Of one that is on unless it says that it is off."""
    return text.strip().lower() in _OFF


def log_level(app: Path, environment: Mapping[str, str]) -> str:
    """How much is written to the log: `VTLOOKUP_LOG_LEVEL`, else `vtlookup.conf`."""
    return (environment.get("VTLOOKUP_LOG_LEVEL") or _from_files(app, "log_level", "info")).strip().lower()


def splunk_home(app: Path, environment: Mapping[str, str]) -> Path:
    """Splunk's folder, with `etc/apps/vtlookup` in it where nothing else says where it is."""
    home = environment.get("SPLUNK_HOME")
    return Path(home) if home else app.parent.parent.parent


def most_time(app: Path, action: str) -> str:
    """After what time splunkd ends an alert action, as `alert_actions.conf` has it."""
    return _from_files(app, "maxtime", "5m", "alert_actions", action)


def _from_files(app: Path, name: str, otherwise: str, conf: str = "vtlookup", stanza: str = "settings") -> str:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    try:
        parser.read([app / folder / f"{conf}.conf" for folder in ("default", "local")], "utf-8")
        return parser.get(stanza, name, fallback=otherwise)
    except (configparser.Error, UnicodeDecodeError):
        return otherwise
