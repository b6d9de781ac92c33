"""The process of a search command, and the exchange of chunks with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Callable, Optional, Protocol, TypeVar

from package.splunkd_driver.csv_body import ProtocolError
from package.splunkd_driver.wire import Reply, encode_frame, read_frame, read_parts

_Read = TypeVar("_Read")


class Started(Protocol):
    """The command's process, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    @property
    def stdin(self) -> IO[bytes] | None: ...

    @property
    def stdout(self) -> IO[bytes] | None: ...

    @property
    def returncode(self) -> int | Any: ...

    def wait(self, timeout: float | None = None) -> int: ...


Start = Callable[[Sequence[str], Optional[Mapping[str, str]], IO[bytes]], Started]


def start_process(command: Sequence[str], environment: Mapping[str, str] | None, stderr: IO[bytes]) -> Started:
    """In a session of its own, so that the command's children die with it."""
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environment,
        start_new_session=True,
    )


class SearchTimeout(Exception):
    """The command did not end in time, and was killed."""


class SearchProcess:
    """A running command. Send it chunks inside a `with` block, which ends the process.

    `timeout` limits the whole life of the process, in seconds. `environment` replaces ours if given. `start` makes the
    process from its command, its environment and a file for its standard error; it is the first of its session.
    """

    def __init__(
        self,
        script: Path,
        *,
        python: str = sys.executable,
        timeout: float = 60,
        environment: Mapping[str, str] | None = None,
        start: Start = start_process,
    ) -> None:
        # A file, not a pipe, so it need not be read while the command runs.
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        # No arguments, because with any argument the SDK uses version 1.
        self._process = start([python, str(script)], environment, self._stderr)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin: IO[bytes] = self._process.stdin
        self._stdout: IO[bytes] = self._process.stdout
        self._timeout = timeout
        self._timed_out = threading.Event()
        self._watchdog = threading.Timer(timeout, self._give_up)
        self._watchdog.daemon = True
        self._watchdog.start()

    def __enter__(self) -> SearchProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._watchdog.cancel()
        self._kill()
        self._process.wait()
        self._close_stdin()
        self._stdout.close()
        self._stderr.close()

    @property
    def pid(self) -> int:
        """The command's process id."""
        return self._process.pid

    @property
    def stderr(self) -> str:
        """The command's output to its standard error so far."""
        # pread, because the command shares our file offset, and a seek would move it.
        descriptor = self._stderr.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode("utf-8", "replace")

    def exchange(self, metadata: Mapping[str, Any], body: bytes = b"") -> Reply | None:
        """Send one chunk and read exactly one reply; None if the command ended without one.

        ProtocolError if the reply is invalid, SearchTimeout if the time is over.
        """
        return self._exchange(encode_frame(metadata, body), read_frame)

    def exchange_parts(self, frame: bytes) -> tuple[bytes, bytes] | None:
        """Send an encoded chunk. Returns the reply's metadata and body, not parsed."""
        return self._exchange(frame, read_parts)

    def _exchange(self, frame: bytes, read: Callable[[IO[bytes]], _Read]) -> _Read:
        # Written by a thread, so that a command that writes while it reads cannot cause a deadlock.
        writer = threading.Thread(target=self._write, args=(frame,), daemon=True)
        writer.start()
        try:
            reply = read(self._stdout)
            writer.join()
        except ProtocolError as error:
            self._raise_if_timed_out()
            raise ProtocolError(f"{error}\n{self.stderr}".strip()) from error
        self._raise_if_timed_out()
        return reply

    def finish(self) -> int:
        """Close the command's input and wait for its end. Returns the exit status.

        ProtocolError if it writes more data, SearchTimeout if it does not end in time.
        """
        self._close_stdin()
        rest = self._stdout.read()
        exit_code = self._process.wait()
        self._raise_if_timed_out()
        if rest:
            raise ProtocolError(f"{len(rest)} bytes after the last reply: {rest[:200]!r}")
        return exit_code

    def _write(self, frame: bytes) -> None:
        # A command that has ended no longer reads; its missing reply shows that.
        with contextlib.suppress(OSError, ValueError):
            self._stdin.write(frame)
            self._stdin.flush()

    def _close_stdin(self) -> None:
        with contextlib.suppress(OSError):
            self._stdin.close()

    def _give_up(self) -> None:
        self._timed_out.set()
        self._kill()

    def _kill(self) -> None:
        # Before `wait`, its id cannot belong to another process.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _raise_if_timed_out(self) -> None:
        if self._timed_out.is_set():
            raise SearchTimeout(f"no end after {self._timeout:g} seconds\n{self.stderr}".strip())
