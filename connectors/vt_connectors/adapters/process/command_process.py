"""Runs one command as a process: its output, its end on request, and its exit status.

stdout and stderr lose no output and never delay the end of the process, with or without blocking.
"""

from __future__ import annotations

import io
import os
import sys

from ...contract import FAILED, OK, RETRY_LATER
from ...errors import printable
from ...light_typing import Any, Callable, NoReturn, TextIO
from ...quick_imports import suppress
from ...threads import start_thread
from .descriptors import NotRead, Output
from .termination import LAST_WORDS_S, LOOK_S, Termination
from .workers import Job

# After a request to end: when a command that does not end by itself is given up.
_GIVEN_UP_S = LAST_WORDS_S + 0.4


# After a request to end: how long a write may wait for its reader.
_LAST_OUTPUT_S = 1.2


class _GivenUp(Exception):
    """The command did not end in time after a request to end."""


def run_to_the_end(command: Callable[[], int], ending: Termination, *, ends_itself: bool) -> NoReturn:
    """Run `command` and end the process with the exit status that it returns.

    It may hang, also in a system call: after a request to end it is given up, unless it `ends_itself`.
    """
    try:
        code = command() if ends_itself else _in_a_thread(command, ending)
        sys.stdout.flush()
    except NotRead:
        code = RETRY_LATER
    except BrokenPipeError:
        code = OK  # the reader is gone, so there is nothing to report
    except _GivenUp:
        code = OK
        if ending.output is None or not ending.output.is_unread:
            code = RETRY_LATER
            _complain("ended on request; requests in flight were not answered")
    except OSError as error:
        code = FAILED
        _complain(f"input or output failed, so some requests were not answered: {error}")
    with suppress(OSError):  # the terminal may have hung up
        sys.stderr.flush()
    # Does not wait for requests in flight in other threads.
    os._exit(code)


def _in_a_thread(command: Callable[[], int], ending: Termination) -> int:
    ending.output = Output(sys.stdout.fileno())
    failures: list[BaseException] = []
    codes: list[int] = []

    def work() -> None:
        try:
            codes.append(command())
        except BaseException as failure:  # raised again in the main thread
            failures.append(failure)

    job = Job(work)
    if start_thread(job.run, "vt-command") is None:
        return command()
    while not job.wait(LOOK_S):
        ending.look()
        if ending.for_s > _GIVEN_UP_S:
            raise _GivenUp
    if failures:
        raise failures[0]
    return codes[0]


def _complain(message: str) -> None:
    with suppress(OSError):
        sys.stderr.write(f"vtaction: {printable(message)}\n")


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
