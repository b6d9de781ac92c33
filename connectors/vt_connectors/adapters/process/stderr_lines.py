"""stderr for processes that others wait for: a line that is not read in time is lost, and nothing else stops."""

from __future__ import annotations

import errno
import io
import threading
import time

from .descriptors import NotRead, Output, is_ready

# After a line was lost, further ones are lost at once, so that a process with many of them does not become slow.
_TRIED_AGAIN_S = 1.0


class StderrLines:
    """Writes whole lines, each within a fraction of a second. Safe for many threads."""

    def __init__(self, descriptor: int = 2) -> None:
        self._descriptor = descriptor
        self._output = Output(descriptor)
        self._lock = threading.Lock()
        self._is_torn = False

    @property
    def is_terminal(self) -> bool:
        return self._output.is_terminal

    @property
    def is_ready(self) -> bool:
        """Whether a line of up to 512 bytes can be written now without waiting."""
        return not self._lock.locked() and is_ready(self._descriptor, "POLLOUT", 0.0)

    def write(self, line: bytes) -> None:
        """Write a line, which ends with a line feed. Raises `OSError` if it is lost."""
        with self._lock:
            # It was waited for already.
            if self._is_torn and not is_ready(self._descriptor, "POLLOUT", 0.0):
                raise NotRead(errno.EPIPE, "stderr is not read")
            whole = b"\n" + line if self._is_torn else line
            self._is_torn = True
            self._output.write(whole, lambda: False)
            self._is_torn = False


class LosingStderr(io.TextIOBase):
    """Replaces `sys.stderr`. Lines that are not read in time are lost; a later line says how many."""

    encoding = "utf-8"

    def __init__(self, descriptor: int = 2) -> None:
        self._descriptor = descriptor
        self._lines = StderrLines(descriptor)
        self._lost = 0
        self._lost_at = 0.0
        # A line that was not written to its end yet, by thread.
        self._begun = threading.local()

    def write(self, text: str) -> int:
        begun = getattr(self._begun, "text", "") + text
        lines, end, self._begun.text = begun.rpartition("\n")
        if end:
            self._put((lines + end).encode("utf-8", "backslashreplace"))
        return len(text)

    def _put(self, lines: bytes) -> None:
        if self._lost and time.monotonic() - self._lost_at < _TRIED_AGAIN_S:
            self._lost += 1
            return
        told = b"WARNING %d lines are lost, because stderr was not read\n" % self._lost if self._lost else b""
        try:
            self._lines.write(told + lines)
            self._lost = 0
        except OSError:
            self._lost += 1
            self._lost_at = time.monotonic()

    def flush(self) -> None:
        """Each line is written at once."""

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return self._lines.is_terminal

    def writable(self) -> bool:
        return True
