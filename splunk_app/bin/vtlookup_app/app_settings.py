"""Settings that are needed before the first request to splunkd: read from the app's own files."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path

# The app's folder.
APP = Path(__file__).resolve().parents[2]
_ON, _OFF = ("true", "t", "1", "yes", "y"), ("false", "f", "0", "no", "n")


def selected_fields(app: Path, environment: Mapping[str, str]) -> bool:
    """Whether splunkd should send only the fields that are read: `VTLOOKUP_SELECTED_FIELDS`, else `vtlookup.conf`."""
    value = environment.get("VTLOOKUP_SELECTED_FIELDS") or _from_files(app, "selected_fields", "true")
    return not is_off(value)


def is_on(text: str) -> bool:
    """For a setting whose default is off."""
    return text.strip().lower() in _ON


def is_off(text: str) -> bool:
    """For a setting whose default is on."""
    return text.strip().lower() in _OFF


def log_level(app: Path, environment: Mapping[str, str]) -> str:
    """The level of the log: `VTLOOKUP_LOG_LEVEL`, else `vtlookup.conf`."""
    return (environment.get("VTLOOKUP_LOG_LEVEL") or _from_files(app, "log_level", "info")).strip().lower()


def splunk_home(app: Path, environment: Mapping[str, str]) -> Path:
    """Splunk's folder: `SPLUNK_HOME`, else the folder with this app in `etc/apps`."""
    home = environment.get("SPLUNK_HOME")
    return Path(home) if home else app.parent.parent.parent


def state_folder(app: Path, environment: Mapping[str, str]) -> Path:
    """The app's folder in Splunk's `var`, which upgrades of the app do not touch."""
    return splunk_home(app, environment) / "var" / "lib" / "vtlookup"


def most_time(app: Path, action: str) -> str:
    """The time limit of an alert action: `maxtime` in `alert_actions.conf`."""
    return _from_files(app, "maxtime", "5m", "alert_actions", action)


def _from_files(app: Path, name: str, otherwise: str, conf: str = "vtlookup", stanza: str = "settings") -> str:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    try:
        parser.read([app / folder / f"{conf}.conf" for folder in ("default", "local")], "utf-8")
        return parser.get(stanza, name, fallback=otherwise)
    except (configparser.Error, UnicodeDecodeError):
        return otherwise
