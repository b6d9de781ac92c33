"""stdout and stderr that lose no output and never delay the end of the process, with or without blocking."""

from __future__ import annotations

import io
import sys

from ...light_typing import Any, TextIO
from .descriptors import Output
from .termination import Termination

# After a request to end: how long a write may wait for its reader.
_LAST_OUTPUT_S = 1.2


class _Raw(io.RawIOBase):
    def __init__(self, stream: TextIO, ending: Termination) -> None:
        self._descriptor = stream.fileno()
        self._output = Output(self._descriptor)
        self._ending = ending

    def write(self, data: Any, /) -> int:
        """Write all of `data`. Raises `BrokenPipeError` if the reader is gone, and `NotRead` if it does not read."""
        whole = bytes(data)
        self._output.write(whole, lambda: self._ending.for_s < _LAST_OUTPUT_S)
        return len(whole)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return self._output.is_terminal


def take_over(ending: Termination) -> None:
    """Replace `sys.stdout` and `sys.stderr` with such streams. They must not be None."""
    sys.stdout.flush()
    sys.stdout = _interruptible(sys.stdout, ending)
    sys.stderr = _interruptible(sys.stderr, ending)


def _interruptible(stream: TextIO, ending: Termination) -> TextIO:
    raw = _Raw(stream, ending)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        # Errors are written immediately, because the process may be killed right after them.
        line_buffering=raw.isatty() or stream is sys.stderr,
        write_through=stream is sys.stderr,
    )
