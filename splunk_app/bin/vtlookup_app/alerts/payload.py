"""What splunkd passes to an alert action, one JSON document on stdin, and what comes of the action."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, NamedTuple

_MOST_BYTES = 16 * 1024 * 1024
_TEXTS = ("server_uri", "session_key", "sid", "search_name", "app", "owner", "results_file")


class InvalidPayload(Exception):
    """The action cannot start: `message` says what is wrong, and what to do."""


class Payload(NamedTuple):
    """`params`: the action's own settings, in which Splunk has replaced `$result.field$` by values of the results.

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
        """The payload's data in the form that a search command gets."""
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
        """Parameters that are not in `names`, without Splunk's own, which begin with `_`."""
        return [name for name in self.params if name not in names and not name.startswith("_")]


class AlertOutcome(NamedTuple):
    """`status`: an exit status of the contract; splunkd reports any but 0 as a failure of the action.

    `warnings` go to stderr, `figures` into the log. `early`: the action was ended before it was finished.
    """

    status: int
    figures: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    early: bool = False


def read_payload(stdin: BinaryIO) -> Payload:
    """Raises `InvalidPayload`."""
    read = stdin.read(_MOST_BYTES + 1)
    if len(read) > _MOST_BYTES:
        raise InvalidPayload(f"the document on stdin is larger than {_MOST_BYTES} bytes")
    try:
        document = json.loads(read)
        texts = {name: document.get(name) or "" for name in _TEXTS}
        given = document["configuration"]
        params = {str(name): str(value) for name, value in given.items() if value is not None}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise InvalidPayload("stdin is not an alert's JSON document: only Splunk can start this script") from None
    if not all(isinstance(text, str) for text in texts.values()) or not (texts["server_uri"] and texts["session_key"]):
        raise InvalidPayload("splunkd passed no session key")
    results = texts.pop("results_file")
    return Payload(results=Path(results) if results else None, params=params, **texts)
