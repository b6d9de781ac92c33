"""A process with its standard streams as terminals, pipes, files, closed, or pipes that do not block."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from typing import IO, NamedTuple

from tests.vtaction_process import RunnerProcess, Running

KINDS = ("terminal", "pipe", "file", "closed", "nonblocking")
_SMALL_PIPE_BYTES = 4096
# A slow reader, so that a non-blocking pipe gets full. It waits no longer than the process runs.
_BEFORE_READING_S = 0.5
_MOST_S = 60


def all_of(terminal: int) -> bytes:
    """The output to a terminal until its last writer closes it. Closes our end, `terminal`."""
    seen = bytearray()
    with contextlib.suppress(OSError):  # Linux reports EIO at the end
        while piece := os.read(terminal, 65536):
            seen += piece
    os.close(terminal)
    return bytes(seen)


def small_pipe() -> tuple[int, int]:
    """Both ends of a pipe that takes 4 KB."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, getattr(fcntl, "F_SETPIPE_SZ", 1031), _SMALL_PIPE_BYTES)
    return reader, writer


class Seen(NamedTuple):
    stdout: str
    stderr: str
    exit_code: int


class _Stream:
    """One output of a process: `theirs` is its descriptor, None for a closed one."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._ours: int | None = None
        self.theirs: int | None = None
        self._read = bytearray()
        self._thread: threading.Thread | None = None
        if kind == "terminal":
            self._ours, self.theirs = pty.openpty()
        elif kind in ("pipe", "nonblocking"):
            self._ours, self.theirs = small_pipe()
            os.set_blocking(self.theirs, kind == "pipe")
        elif kind == "file":
            with tempfile.TemporaryFile() as file:
                self.theirs, self._ours = os.dup(file.fileno()), os.dup(file.fileno())

    def begin(self) -> None:
        """Call this when the process has its own copy."""
        if self.theirs is not None:
            os.close(self.theirs)
        if self._kind in ("terminal", "pipe", "nonblocking"):
            self._thread = threading.Thread(target=self._read_all)
            self._thread.start()

    def _read_all(self) -> None:
        assert self._ours is not None
        if self._kind == "nonblocking":
            until_closed = select.poll()
            until_closed.register(self._ours, 0)
            until_closed.poll(_BEFORE_READING_S * 1000)
        with contextlib.suppress(OSError):  # Linux reports EIO after a terminal's last writer has closed it
            while piece := os.read(self._ours, 65536):
                self._read += piece

    def end(self) -> str:
        if self._thread is not None:
            self._thread.join(_MOST_S)
        if self._kind == "file" and self._ours is not None:
            self._read += os.pread(self._ours, 10_000_000, 0)
        if self._ours is not None:
            os.close(self._ours)
        return self._read.decode("utf-8", "replace")


class _Input:
    def __init__(self, kind: str, text: bytes) -> None:
        self.theirs: int | None = None
        self._ours: int | None = None
        self._text = text
        if kind == "terminal":
            self._ours, self.theirs = pty.openpty()
            self._text += b"\x04"  # Ctrl-D
        elif kind in ("pipe", "nonblocking"):
            self.theirs, self._ours = os.pipe()
            os.set_blocking(self.theirs, kind == "pipe")
        elif kind == "file":
            with tempfile.TemporaryFile() as file:
                file.write(text)
                file.flush()
                self.theirs = os.dup(file.fileno())
                os.lseek(self.theirs, 0, os.SEEK_SET)

    def begin(self, process: Running) -> None:
        if self.theirs is not None:
            os.close(self.theirs)
        if self._ours is not None:
            # Later than the process's first read, if it reads at all.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_BEFORE_READING_S)
            with contextlib.suppress(OSError):  # the process ended without reading
                os.write(self._ours, self._text)

    def end(self) -> None:
        if self._ours is not None:
            os.close(self._ours)

    def end_of_file(self, kind: str) -> None:
        """Close the input; a terminal stays open until its process ends."""
        if kind != "terminal":
            self.end()
            self._ours = None


def run_with(
    run: RunnerProcess,
    *arguments: str,
    stdin: str = "pipe",
    stdout: str = "pipe",
    stderr: str = "pipe",
    text: str = "",
    is_started: bool = False,
    **changes: str,
) -> Seen:
    """The result of `vtaction` with streams of the given `KINDS`; `text` is its input.

    Which of them are closed is found at the start of Python: then it is started, as with `is_started`, and else forked.
    """
    given, reported, complained = _Input(stdin, text.encode()), _Stream(stdout), _Stream(stderr)
    begun = _started if is_started or "closed" in (stdin, stdout, stderr) else _forked
    settings = {"TERM": "xterm-256color", "COLUMNS": "150", **changes}
    process = begun(run, arguments, (given.theirs, reported.theirs, complained.theirs), settings)
    reported.begin()
    complained.begin()
    given.begin(process)
    given.end_of_file(stdin)
    try:
        code = process.wait(_MOST_S)
    finally:
        process.kill()
    given.end()
    return Seen(reported.end(), complained.end(), code)


def _started(
    run: RunnerProcess, arguments: Sequence[str], descriptors: Sequence[int | None], changes: Mapping[str, str]
) -> Running:
    def place() -> None:
        kept = [None if one is None else fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in descriptors]
        for number, one in enumerate(kept):
            if one is None:
                with contextlib.suppress(OSError):
                    os.close(number)
            else:
                os.dup2(one, number)
                os.close(one)

    environment = {**run.environment, **changes}
    return subprocess.Popen(run.command(*arguments), env=environment, preexec_fn=place, close_fds=False)


def _forked(
    run: RunnerProcess, arguments: Sequence[str], descriptors: Sequence[int | None], changes: Mapping[str, str]
) -> Running:
    with contextlib.ExitStack() as ours:
        stdin, stdout, stderr = (
            ours.enter_context(os.fdopen(one, mode, buffering=0, closefd=False))
            for one, mode in zip(descriptors, ("rb", "wb", "wb"))
            if one is not None
        )
        return RunnerProcess({**run.environment, **changes}).fork(*arguments, stdin=stdin, stdout=stdout, stderr=stderr)


def into(file: IO[bytes], run: RunnerProcess, *arguments: str, given: bytes = b"") -> tuple[int | None, str]:
    """The exit status and stderr of `vtaction` with `file` as its stdout."""
    process = run.fork(*arguments, stdout=file)
    told = process.communicate(given, timeout=_MOST_S)[1]
    return process.returncode, told.decode()
