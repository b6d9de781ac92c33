"""Settings that must be known before splunkd may be asked: read from the app's own files."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path

_OFF = ("false", "f", "0", "no", "n")


def selected_fields(app: Path, environment: Mapping[str, str]) -> bool:
    """Whether splunkd is to send only the field that is read: `VTLOOKUP_SELECTED_FIELDS`, else `vtlookup.conf`."""
    value = environment.get("VTLOOKUP_SELECTED_FIELDS") or _from_files(app)
    return value.strip().lower() not in _OFF


def _from_files(app: Path) -> str:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    try:
        parser.read([app / "default" / "vtlookup.conf", app / "local" / "vtlookup.conf"], "utf-8")
        return parser.get("settings", "selected_fields", fallback="true")
    except (configparser.Error, UnicodeDecodeError):
        return "true"
