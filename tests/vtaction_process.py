"""`vtaction` as a process, with the sandbox to ask.

What runs to its end is forked (`tests.forked_process`), and so are processes of which a test has many. What is sent
signals while it starts, or is about its start, is started.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Union

from tests.forked_process import ForkedProcess, ForkServer, Program, fork_server, of_python
from vt_connectors.sandbox import SandboxServer

_OF_MCP = Program(sys.executable, ("vt_connectors", "requests:", "rich.console:", "redis:"), module="vt_connectors")
# The SDK for MCP takes longer to import than all the rest, and each fork would copy the tables of its memory.
PROGRAM = _OF_MCP._replace(packages=(*_OF_MCP.packages, "-vt_connectors.adapters.mcp.stdio_server"))
_MOST_S = 90.0
# A key of the sandbox that may use every call.
EVERY_LICENCE = "premium-gti-private-test"
Running = Union["subprocess.Popen[bytes]", ForkedProcess]
EICAR = "44d88612fea8a8f36de82e1278abb02f"


@dataclass(frozen=True)
class Ran:
    """The result of a process: its response lines, exit status, and stderr."""

    lines: list[dict[str, Any]]
    exit_code: int
    stderr: str


class RunnerProcess:
    """`vtaction` with its own environment."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "vt_connectors", *arguments]

    def start(self, *arguments: str, **changes: str) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command(*arguments),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env={**self.environment, **changes},
        )

    def fork(
        self,
        *arguments: str,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
        stderr: IO[bytes] | None = None,
        folder: Path | None = None,
        new_session: bool = False,
        **changes: str,
    ) -> Running:
        """As `start`, without the start of Python where that makes no difference. The streams may be files."""
        environment = {**self.environment, **changes}
        server = _server(arguments, environment, _OF_MCP if arguments[:1] == ("mcp",) else PROGRAM)
        if server is not None:
            command = ["vtaction", *arguments]
            return server.start(
                command, environment, stdin=stdin, stdout=stdout, stderr=stderr, folder=folder, new_session=new_session
            )
        return subprocess.Popen(
            self.command(*arguments),
            stdin=stdin or subprocess.PIPE,
            stdout=stdout or subprocess.PIPE,
            stderr=stderr or subprocess.PIPE,
            cwd=folder,
            env=environment,
            start_new_session=new_session,
        )

    def text(self, *arguments: str, stdin: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
        done = self.ended(arguments, changes, stdin=stdin.encode())
        return subprocess.CompletedProcess(done.args, done.returncode, _text(done.stdout), _text(done.stderr))

    def ended(
        self, arguments: Sequence[str], changes: Mapping[str, str], *, stdin: bytes = b"", folder: Path | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """What became of it."""
        environment = {**self.environment, **changes}
        server = _server(arguments, environment)
        if server is not None:
            return server.run(["vtaction", *arguments], environment, stdin, timeout=_MOST_S, folder=folder)
        return subprocess.run(
            self.command(*arguments),
            input=stdin,
            env=environment,
            cwd=folder,
            capture_output=True,
            check=False,
            timeout=_MOST_S,
        )

    def __call__(self, *documents: Any, arguments: tuple[str, ...] = ("run",), **changes: str) -> Ran:
        """Run with one line for each document; a str is written unchanged."""
        lines = [document if isinstance(document, str) else json.dumps(document) for document in documents]
        done = self.text(*arguments, stdin="".join(line + "\n" for line in lines), **changes)
        return Ran([json.loads(line) for line in done.stdout.splitlines()], done.returncode, done.stderr)


def _server(arguments: Sequence[str], environment: Mapping[str, str], program: Program = PROGRAM) -> ForkServer | None:
    """Where such a process is forked; None if it has to be started."""
    if not hasattr(os, "fork"):
        return None
    server = fork_server(program, tuple(sorted(of_python(clean_environment()).items())))
    return server if server.fits(arguments, environment) else None


def _text(output: bytes) -> str:
    return io.TextIOWrapper(io.BytesIO(output), "utf-8").read()


def clean_environment() -> dict[str, str]:
    """This process's environment without its settings, and with the path of this package."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VT_")}
    return {**environment, "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "connectors")}


def vtaction_process(sandbox: SandboxServer, folder: Path) -> RunnerProcess:
    """A process with its state in `folder`, an unlimited quota, and `sandbox` as its server."""
    environment = clean_environment()
    environment.update(
        VT_API_URL=sandbox.url,
        VT_API_KEY="k" * 64,
        VT_STATE=str(folder / "state.db"),
        VT_QUOTA="none",
    )
    return RunnerProcess(environment)


def lookup(value: str = EICAR, **more: Any) -> dict[str, Any]:
    """A request document."""
    return {"action": "lookup_hash", "params": {"hash": value}, **more}
