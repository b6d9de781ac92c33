"""Real processes without the start of Python: each is forked from an interpreter that has the program's modules.

What the start itself does (settings of Python in the environment, what is imported when) is not seen this way. For that
`subprocess` is used, and by `fits` whenever the environment would change Python itself.
"""

from __future__ import annotations

import array
import contextlib
import functools
import json
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

_SERVER = Path(__file__).with_name("fork_server.py")
_READ_BY_PYTHON = ("PYTHON", "LC_", "LANG", "TZ", "LD_")
_LARGEST = 50_000
_STARTING = threading.Lock()


def pass_on_hang_ups() -> None:
    """Under `nohup` hang-ups are ignored, and every process that is started would ignore them too."""
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: None)


class Program(NamedTuple):
    """`python` runs `module`, or a script that is among the arguments. `under`: the command that starts `python`.

    `packages` are imported with all that is in them, those whose names end with a colon by themselves, and no module
    that is among them with a hyphen before its name.
    `path` is put before Python's own, and the function `first` (`module:function`) is called, before `packages` are
    imported. The modules `again` remember what they find at their import: each process imports them once more.
    """

    python: str
    packages: tuple[str, ...]
    module: str = ""
    path: tuple[str, ...] = ()
    first: str = ""
    under: tuple[str, ...] = ()
    again: tuple[str, ...] = ()


class ForkServer:
    """Forks `program`, and ends with this process. `environment`: what Python itself reads of one."""

    def __init__(self, program: Program, environment: Mapping[str, str]) -> None:
        self._program = program
        self._as_python_sees = of_python(environment)
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        given = {"packages": program.packages, "path": program.path, "first": program.first}
        given["again"] = program.again
        with theirs:
            self._process = subprocess.Popen(
                [*program.under, program.python, str(_SERVER), json.dumps(given)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env={**environment},
            )

    def fits(self, arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
        """Whether a process with these would be the same if it were started."""
        size = sum(map(len, arguments)) + sum(map(len, environment)) + sum(map(len, environment.values()))
        return of_python(environment) == self._as_python_sees and size < _LARGEST

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        folder: Path | None = None,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
        stderr: IO[bytes] | None = None,
        new_session: bool = False,
        frees_all: bool = True,
    ) -> ForkedProcess:
        """A process whose streams are pipes, or files of ours.

        Without `frees_all` it frees at its end what the program made, but none of the modules.
        """
        request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder or Path.cwd()),
            "module": self._program.module,
            "new_session": new_session,
            "frees_all": frees_all,
        }
        with contextlib.ExitStack() as theirs:
            input_end, our_input = _end(theirs, stdin, theirs_reads=True)
            output_end, our_output = _end(theirs, stdout)
            error_end, our_error = _end(theirs, stderr)
            # Nothing of it may be read before it is looked for.
            status_end, our_status = _pipe(theirs, buffering=0)
            descriptors = array.array("i", [input_end, output_end, error_end, status_end])
            with self._lock:
                assert self._process.poll() is None, "the server that forks has ended"
                message = json.dumps(request).encode()
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)]
                self._control.sendmsg([b"%08d" % len(message)], rights)
                self._control.sendall(message)
        return ForkedProcess(our_input, our_output, our_error, our_status)

    def run(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        given: bytes = b"",
        *,
        timeout: float,
        folder: Path | None = None,
        frees_all: bool = True,
    ) -> subprocess.CompletedProcess[bytes]:
        """As `subprocess.run`."""
        process = self.start(arguments, environment, folder=folder, frees_all=frees_all)
        try:
            output, errors = process.communicate(given, timeout)
        finally:
            process.end()
        assert process.returncode is not None
        return subprocess.CompletedProcess(list(arguments), process.returncode, output, errors)

    def close(self) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()


class ForkedProcess:
    """What `subprocess.Popen` is for a started one."""

    def __init__(
        self, stdin: IO[bytes] | None, stdout: IO[bytes] | None, stderr: IO[bytes] | None, status: IO[bytes]
    ) -> None:
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self.returncode: int | None = None
        self._status = status
        self._read: dict[str, bytes] = {}
        self._threads: list[threading.Thread] = []
        first = status.readline()
        assert first, "the server that forks has ended"
        self.pid = int(first)

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("forked", timeout or 0)
            told = self._status.readline()
            assert told, "the server that forks has ended"
            self.returncode = int(told)
            self._status.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, given: bytes = b"", timeout: float | None = None) -> tuple[bytes, bytes]:
        """All of both outputs, after `given` was written and the input was closed.

        After `subprocess.TimeoutExpired` it may be called again, without `given`.
        """
        until = None if timeout is None else time.monotonic() + timeout
        if not self._threads:
            self._threads = [threading.Thread(target=self._write, args=(given,), daemon=True)]
            for name, stream in (("stdout", self.stdout), ("stderr", self.stderr)):
                if stream is not None and not stream.closed:
                    self._threads.append(threading.Thread(target=self._read_all, args=(name, stream), daemon=True))
            for thread in self._threads:
                thread.start()
        for thread in self._threads[1:]:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))
        self.wait(None if until is None else max(0.0, until - time.monotonic()))
        for thread in self._threads:
            thread.join()
        return self._read.get("stdout", b""), self._read.get("stderr", b"")

    def end(self) -> None:
        """Kill it if it still runs, and close its streams."""
        self.kill()
        self.wait()
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _read_all(self, name: str, stream: IO[bytes]) -> None:
        self._read[name] = stream.read()

    def _write(self, given: bytes) -> None:
        if self.stdin is None:
            return
        with contextlib.suppress(OSError):
            self.stdin.write(given)
        with contextlib.suppress(OSError):
            self.stdin.close()


def fork_server(program: Program, environment: tuple[tuple[str, str], ...] = ()) -> ForkServer:
    """One for each program and each `environment`, for as long as this process lives."""
    # A second one of threads that begin together would be kept by none, and end before its processes.
    with _STARTING:
        return _fork_server(program, environment)


@functools.cache
def _fork_server(program: Program, environment: tuple[tuple[str, str], ...]) -> ForkServer:
    return ForkServer(program, dict(environment))


def of_python(environment: Mapping[str, str]) -> dict[str, str]:
    """What Python itself reads of an environment."""
    return {name: value for name, value in environment.items() if name.startswith(_READ_BY_PYTHON)}


def _end(
    theirs: contextlib.ExitStack, file: IO[bytes] | None, *, theirs_reads: bool = False
) -> tuple[int, IO[bytes] | None]:
    """Their end of a stream, and ours if it is a pipe."""
    return _pipe(theirs, theirs_reads=theirs_reads) if file is None else (file.fileno(), None)


def _pipe(theirs: contextlib.ExitStack, *, theirs_reads: bool = False, buffering: int = -1) -> tuple[int, IO[bytes]]:
    """Their end, which is closed with `theirs`, and ours."""
    read, write = os.pipe()
    their_end, ours = (read, write) if theirs_reads else (write, read)
    theirs.callback(os.close, their_end)
    return their_end, os.fdopen(ours, "wb" if theirs_reads else "rb", buffering=buffering)
