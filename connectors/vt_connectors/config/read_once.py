"""Reads files with settings or the key, which may be pipes: `VT_API_KEY_FILE=<(pass show virustotal)`."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

_FROM_PIPES: dict[tuple[str, int], bytes] = {}
_PIPES = threading.Lock()


def content_of(place: Path, most: int) -> bytes:
    """At most `most` bytes of the file. A pipe can be read only once, so its content is remembered for this process.
    Raises `OSError`, `ValueError`.
    """
    with _PIPES:
        known = _FROM_PIPES.get((str(place), most))
        if known is not None:
            return known
        with place.open("rb") as file:
            content = file.read(most)
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                _FROM_PIPES[str(place), most] = content
        return content
