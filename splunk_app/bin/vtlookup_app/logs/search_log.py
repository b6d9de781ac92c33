"""Lines of a search or an alert in `vtlookup.log`: JSON, one line per event, and a summary at the end."""

from __future__ import annotations

import logging
import os
import threading
import time
import traceback
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from vt_connectors.redaction import without_keys

from ..app_settings import log_level, splunk_home
from ..setting_names import in_splunk
from .json_line import one_line
from .log_file import LogFile

NAME = "vtlookup.log"
LEVELS = ("debug", "info", "warning", "error", "off")
# Shorter than `TRUNCATE` in `props.conf`.
_LONGEST_LINE = 16_000
_MOST_PLACES = 8


class SearchLog:
    """`write` and `ended` never fail: an error of the file is in `trouble`, for the search's message."""

    def __init__(self, app: Path, environment: Mapping[str, str], searchinfo: Any, event: str = "search") -> None:
        folder = splunk_home(app, environment) / "var" / "log" / "splunk"
        level = log_level(app, environment)
        self._least = LEVELS.index(level if level in LEVELS else "info")
        # Splunk creates this folder; if it is missing, no Splunk reads the log.
        self._file = LogFile(folder / NAME) if folder.is_dir() else None
        self._event = event
        self._search = {
            "command": str(getattr(searchinfo, "command", "")),
            "sid": str(getattr(searchinfo, "sid", "")),
            "user": str(getattr(searchinfo, "username", "")),
            "app": str(getattr(searchinfo, "app", "")),
            "pid": os.getpid(),
        }
        self._once = threading.Lock()
        self._has_ended = False
        self.trouble: str | None = None

    def hear_the_core(self) -> None:
        """Write the core's messages from now on, if the level includes them."""
        logger = logging.getLogger("vt_connectors")
        logger.addHandler(_Lines(self))
        if self._least < LEVELS.index("warning"):
            logger.setLevel(LEVELS[self._least].upper())

    def write(self, level: str, event: str, **told: Any) -> None:
        if self._file is None or self.trouble or LEVELS.index(level) < self._least:
            return
        line = {"time": _now(), "level": level, "event": event, **self._search, **told}
        try:
            self._file.append(one_line(line, _LONGEST_LINE, without_keys))
        except OSError as error:
            self.trouble = f"{NAME} cannot be written ({os.strerror(error.errno or 0)}); the search goes on without it"

    def ended(self, figures: Mapping[str, Any], duration_s: float, *, early: bool = False) -> None:
        """Write the search's summary. Only the first call writes; later calls wait until the line is written."""
        # Locked while the line is written: after the return the process may exit, and another thread may be writing.
        with self._once:
            if self._has_ended:
                return
            self._has_ended = True
            level = "warning" if figures.get("errors") else "info"
            end = "early" if early else "done"
            self.write(level, self._event, ended=end, **figures, duration_s=round(duration_s, 3))


class _Lines(logging.Handler):
    def __init__(self, log: SearchLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname.lower()
        told = {"logger": record.name, "message": in_splunk(record.getMessage())}
        if record.exc_info and record.exc_info[2]:
            # Only the places, because the error's text might hold a key.
            told["traceback"] = "".join(traceback.format_tb(record.exc_info[2])[-_MOST_PLACES:])
        self._log.write(level if level in LEVELS else "error", "message", **told)


def _now() -> str:
    return datetime.fromtimestamp(time.time(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:23] + "Z"
