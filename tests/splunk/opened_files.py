"""Notes which files a process opens, in the file that its variable OPENED_FILES names.

It runs on every Python that the app does, and imports nothing of the tests.
"""

from __future__ import annotations

import os
import sys
from typing import Any

VARIABLE = "OPENED_FILES"
_opening: list[bool] = []
_record: dict[str, int] = {}


def _note(event: str, args: tuple[Any, ...]) -> None:
    if event != "open" or _opening or not isinstance(args[0], (str, bytes)):
        return
    path = os.environ.get(VARIABLE)
    if not path:
        return
    if path not in _record:
        _opening.append(True)  # opening the record is an event too
        _record[path] = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        _opening.pop()
    os.write(_record[path], os.fsencode(args[0]) + b"\n")


def watch() -> None:
    """From now on, in this process and in those that are forked from it. Then the app's libraries are put first."""
    sys.addaudithook(_note)
    from vtlookup_app.libraries import put_first

    put_first()
