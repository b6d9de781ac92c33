"""Standard input and output with time limits, so that no call blocks forever."""

from __future__ import annotations

import errno
import os
import select
import sys

from ...light_typing import Any, Callable
from ...threads import lock_of_process

_PIECE_BYTES = 65536
_LOOK_S = 0.2
# If a pipe is ready, a write of this size does not block.
_WITHOUT_WAITING_BYTES = getattr(select, "PIPE_BUF", 512)
# Errors that mean that the reader is gone.
_UNREAD = (errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN)
# By descriptor: between a look whether it is ready and the write, no other thread may fill the pipe.
_LOCKS: dict[int, Any] = {}


class Input:
    """Reads from `descriptor`, blocking or not."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.is_terminal = os.isatty(descriptor)

    def read(self, wait_s: float) -> bytes | None:
        """The available bytes; None if none arrive within `wait_s` seconds; empty at the end. Raises `OSError`."""
        if not is_ready(self._descriptor, "POLLIN", wait_s):
            return None
        try:
            return os.read(self._descriptor, _PIECE_BYTES)
        except BlockingIOError:
            return None


class NotRead(BrokenPipeError):
    """The reader of an output exists but does not read, and the process has to end."""


class Output:
    """Writes to `descriptor`, blocking or not."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        if descriptor not in _LOCKS:
            _LOCKS[descriptor] = lock_of_process()
        self._lock = _LOCKS[descriptor]
        # Checked once, because a terminal that has hung up no longer counts as one.
        self.is_terminal = os.isatty(descriptor)

    @property
    def is_unread(self) -> bool:
        """Whether its reader is gone. False for files, and on systems without `poll`."""
        if not hasattr(select, "poll"):
            return False
        poll = select.poll()
        poll.register(self._descriptor, 0)  # with no event requested, poll still reports errors and hang-ups
        return any(seen & (select.POLLERR | select.POLLHUP) for _, seen in poll.poll(0))

    def write(self, data: bytes, goes_on: Callable[[], bool]) -> None:
        """Write all of `data`. While the output is blocked, wait as long as `goes_on()` returns True.

        Raises `BrokenPipeError` if the reader is gone, `NotRead` if it does not read, and `OSError`.
        """
        left = memoryview(data)
        while left:
            with self._lock:
                can_write = is_ready(self._descriptor, "POLLOUT", 0.0)
                if can_write:
                    left = left[self._write(left[:_WITHOUT_WAITING_BYTES]) :]
            if not can_write and not is_ready(self._descriptor, "POLLOUT", _LOOK_S) and not goes_on():
                raise NotRead(errno.EPIPE, "the output is not read")

    def _write(self, piece: memoryview) -> int:
        try:
            return os.write(self._descriptor, piece)
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno in _UNREAD or (error.errno == errno.EIO and self.is_terminal):
                raise BrokenPipeError(error.errno, "the reader of the output is gone") from None
            raise


def take_stdout_aside() -> Output:
    """The real stdout, for response lines only. From now on, output that libraries print goes to stderr."""
    sys.stdout.flush()
    real = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return Output(real)


def replace_closed_ones() -> None:
    """Replace closed standard streams with ones that fail. Otherwise the next file that is opened would get the
    stream's number, and output that a library prints would go to that file.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_WRONLY)  # gets the lowest free number, which is this one
    sys.stdin = sys.stdin or os.fdopen(0, "r", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def is_ready(descriptor: int, event: str, wait_s: float) -> bool:
    """Whether reading (`event` POLLIN) or writing (POLLOUT) will not block, at the latest in `wait_s` seconds.

    On systems without `poll` always True.
    """
    if not hasattr(select, "poll"):
        return True
    poll = select.poll()
    poll.register(descriptor, getattr(select, event))
    return bool(poll.poll(wait_s * 1000))
