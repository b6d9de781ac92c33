"""stdout and stderr that lose nothing and never outlast the process's end, whether their descriptors block or not."""

from __future__ import annotations

import io
import sys
from typing import Any, TextIO

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
        """All of it. Raises `BrokenPipeError` if the reader is gone, and `NotRead`."""
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
    """From now on `sys.stdout` and `sys.stderr` are such streams. They must not be None."""
    sys.stdout.flush()
    sys.stdout = _patient(sys.stdout, ending)
    sys.stderr = _patient(sys.stderr, ending)


def _patient(stream: TextIO, ending: Termination) -> TextIO:
    raw = _Raw(stream, ending)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        # An error is to be seen although the process may be killed right after it.
        line_buffering=raw.isatty() or stream is sys.stderr,
        write_through=stream is sys.stderr,
    )
