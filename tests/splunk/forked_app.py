"""The app's programs, forked from interpreters that have the app's libraries."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Union

from tests.forked_process import ForkedProcess, ForkServer, Program, fork_server

if TYPE_CHECKING:
    from package.splunkd_driver.process import Started

# What answers requests to the app's REST endpoints.
ENDPOINTS = Path(__file__).with_name("endpoint_process.py")
Process = Union["subprocess.Popen[bytes]", ForkedProcess]
MOST_S = 90.0
# What the app and the SDK import when they need it. The SDK's client comes after `vtlookup_app`, which imports the rest
# of the SDK without it.
_LATER = ("splunklib.client:", "cachetools:", "difflib:", "encodings.ascii:", "encodings.utf_16_le:", "glob:")
_PACKAGES = ("vt_connectors", "requests:", "vtlookup_app", *_LATER)
# The app's own modules that remember the environment.
_AGAIN = ("vtlookup_app.setting_names",)


def start_process(command: Sequence[str], environment: Mapping[str, str] | None, stderr: IO[bytes]) -> Started:
    """A process that is not forked."""
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=stderr, env=environment, start_new_session=True)


def start_with_pipes(command: Sequence[str], environment: Mapping[str, str]) -> Process:
    """A process that is not forked, with its standard error as a pipe too."""
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)


def run_started(
    command: Sequence[str], environment: Mapping[str, str], given: bytes
) -> subprocess.CompletedProcess[bytes]:
    """What became of one that is not forked."""
    return subprocess.run(command, input=given, capture_output=True, env=environment, timeout=MOST_S, check=False)


class ForkedApp:
    """Starts the app's scripts. Those of another app, or with what changes Python itself, are started as ever.

    With `is_watched` they note which files they open; see `opened_files`.
    """

    def __init__(self, app: Path, *, is_watched: bool = False) -> None:
        self._scripts = app / "bin"
        self._is_watched = is_watched

    def start(self, command: Sequence[str], environment: Mapping[str, str] | None, stderr: IO[bytes]) -> Started:
        """See `search_process.Start`."""
        server = self._server(command, environment or os.environ)
        if server is None:
            return start_process(command, environment, stderr)
        arguments, values = command[1:], environment or os.environ
        return server.start(arguments, values, stderr=stderr, new_session=True, frees_all=False)

    def start_with_pipes(self, command: Sequence[str], environment: Mapping[str, str]) -> Process:
        """A process that ends as one that was started. Its standard error is a pipe too."""
        server = self._server(command, environment)
        return start_with_pipes(command, environment) if server is None else server.start(command[1:], environment)

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], given: bytes
    ) -> subprocess.CompletedProcess[bytes]:
        """What became of it; `given` is its input."""
        server = self._server(command, environment)
        if server is None:
            return run_started(command, environment, given)
        return server.run(command[1:], environment, given, timeout=MOST_S, frees_all=False)

    def _server(self, command: Sequence[str], environment: Mapping[str, str]) -> ForkServer | None:
        python, script, *_ = command
        if (Path(script).parent != self._scripts and Path(script) != ENDPOINTS) or not hasattr(os, "fork"):
            return None
        path: tuple[str, ...] = (str(self._scripts),)
        first = "vtlookup_app.libraries:put_first"
        if self._is_watched:
            path, first = (*path, str(Path(__file__).parent)), "opened_files:watch"
        server = fork_server(Program(python, _PACKAGES, path=path, first=first, again=_AGAIN))
        return server if server.fits(command, environment) else None
