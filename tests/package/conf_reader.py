"""Reads the parts of Splunk's .conf format that the app uses, and refuses errors that Splunk would ignore."""

from __future__ import annotations

from pathlib import Path

Stanzas = dict[str, dict[str, str]]


def read_conf(path: Path) -> Stanzas:
    """Stanzas with their settings. ValueError on a repeated stanza or setting, or on any other line."""
    stanzas: Stanzas = {}
    stanza = ""
    for line in path.read_text("utf-8").replace("\\\n", "").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            stanza = _stanza_name(line, stanzas, path)
            stanzas[stanza] = {}
        else:
            _add_setting(line, stanzas[stanza], path)
    return stanzas


def _stanza_name(line: str, stanzas: Stanzas, path: Path) -> str:
    name = line[1:-1]
    if not line.endswith("]") or name in stanzas:
        raise ValueError(f"{path.name}: broken or repeated stanza {line!r}")
    return name


def _add_setting(line: str, settings: dict[str, str], path: Path) -> None:
    name, separator, value = (part.strip() for part in line.partition("="))
    if not separator or name in settings:
        raise ValueError(f"{path.name}: broken or repeated setting {line!r}")
    settings[name] = value
