"""Starts the alert action of a script in `bin/`."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Callable

from vt_connectors.contract import FAILED, MALFORMED, status_of
from vt_connectors.errors import ConnectorError

from ..app_settings import APP
from ..logs.search_log import SearchLog
from ..search.field_names import shown
from ..setting_names import in_splunk
from .payload import AlertOutcome, InvalidPayload, Payload, read_payload

_MOST_SHOWN = 3

if TYPE_CHECKING:
    Action = Callable[[Payload, SearchLog], AlertOutcome]


def run(module: str, name: str) -> int:
    """Run the action `name`, a function of the module `module` in this folder. Returns the exit status."""
    home = import_module(f"{__package__}.{module}")
    action: Action = getattr(home, module)
    if sys.argv[1:] != ["--execute"]:
        return _report(name, MALFORMED, "Splunk starts this script, with --execute")
    try:
        payload = read_payload(sys.stdin.buffer)
    except InvalidPayload as error:
        return _report(name, MALFORMED, str(error))
    log = SearchLog(APP, os.environ, payload.searchinfo(name), event="alert")
    began = time.monotonic()
    # If splunkd kills the process, this line is its only trace.
    log.write("info", "alert_begun", search_name=payload.search_name)
    done = _done(action, payload, log)
    figures = {"search_name": payload.search_name, **done.figures}
    log.ended(figures, time.monotonic() - began, early=done.early)
    for text in [*done.warnings, *_unknown(payload, home.PARAMS), *filter(None, [log.trouble])]:
        _report(name, done.status, text)
    return done.status


def _done(action: Action, payload: Payload, log: SearchLog) -> AlertOutcome:
    try:
        return action(payload, log)
    except InvalidPayload as error:
        return AlertOutcome(MALFORMED, {"errors": {"invalid_request": 1}}, (str(error),))
    except ConnectorError as error:
        return AlertOutcome(status_of([error.code]), {"errors": {error.code: 1}}, (in_splunk(error.message),))
    except Exception as error:
        # Only the place goes into Splunk's log, because the error's text might hold a key.
        sys.stderr.write("".join(traceback.format_tb(error.__traceback__)))
        told = f"a bug in this app ({type(error).__name__}); the lines before have the place"
        return AlertOutcome(FAILED, {"errors": {"internal": 1}}, (told,))


def _unknown(payload: Payload, known: Sequence[str]) -> list[str]:
    unknown = ", ".join(shown(name) for name in payload.unknown(known)[:_MOST_SHOWN])
    return [f"there is no parameter {unknown}; parameters are {', '.join(known)}"] if unknown else []


def _report(name: str, status: int, text: str) -> int:
    """Write one line to stderr; splunkd reads the first word as the level."""
    level = "WARN" if status == 0 else "ERROR"
    sys.stderr.write(f"{level} {name}: {' '.join(text.split())}\n")
    return status
