"""What splunkd hands to an alert action: one JSON document on stdin."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, NamedTuple

_MOST_BYTES = 16 * 1024 * 1024
_TEXTS = ("server_uri", "session_key", "sid", "search_name", "app", "owner", "results_file")


class InvalidPayload(Exception):
    """The action cannot begin: `message` says what is wrong, and what to do."""


class Payload(NamedTuple):
    """`params`: the action's own settings, in which Splunk has put results in the place of `$result.field$`.

    https://docs.splunk.com/Documentation/Splunk/latest/AdvancedDev/ModAlertsLog (payload, and lines on stderr)
    """

    server_uri: str
    session_key: str
    sid: str
    search_name: str
    app: str
    owner: str
    results: Path | None
    params: Mapping[str, str]

    def searchinfo(self, command: str) -> Any:
        """As a search command has it."""
        return SimpleNamespace(
            splunkd_uri=self.server_uri,
            session_key=self.session_key,
            sid=self.sid,
            username=self.owner,
            app=self.app,
            command=command,
        )

    def param(self, name: str) -> str:
        return self.params.get(name, "").strip()

    def unknown(self, names: Collection[str]) -> list[str]:
        """Parameters that are none of `names`; those that begin with `_` are Splunk's own."""
        return [name for name in self.params if name not in names and not name.startswith("_")]


def read_payload(stdin: BinaryIO) -> Payload:
    """Raises `InvalidPayload`."""
    read = stdin.read(_MOST_BYTES + 1)
    if len(read) > _MOST_BYTES:
        raise InvalidPayload(f"splunkd's document is larger than {_MOST_BYTES} bytes")
    try:
        document = json.loads(read)
        texts = {name: document.get(name) or "" for name in _TEXTS}
        given = document["configuration"]
        params = {str(name): str(value) for name, value in given.items() if value is not None}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise InvalidPayload(
            "what came on stdin is no document of an alert: Splunk starts this script, not people"
        ) from None
    if not all(isinstance(text, str) for text in texts.values()) or not (texts["server_uri"] and texts["session_key"]):
        raise InvalidPayload("splunkd passed no session to work in")
    results = texts.pop("results_file")
    return Payload(results=Path(results) if results else None, params=params, **texts)
