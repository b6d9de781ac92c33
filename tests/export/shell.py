"""Runs printed lines: `vtaction curl ... | sh` against the sandbox, and records the arguments of all processes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from tests.vtaction_process import RunnerProcess, vtaction_process
from vt_connectors.adapters.cli.arguments import parse
from vt_connectors.adapters.process.termination import Termination
from vt_connectors.clock import SystemClock
from vt_connectors.sandbox import SandboxServer

KEY = "k3y" * 20


@dataclass(frozen=True)
class Printed:
    """The output of `vtaction`."""

    text: str
    stderr: str
    exit_code: int


class Shell:
    """A working folder, a `vtaction`, and a PATH on which curl and python3 record their arguments."""

    def __init__(self, sandbox: SandboxServer, folder: Path, version: str) -> None:
        self.folder = folder / "here"
        self.version = version
        self._arguments = folder / "arguments"
        path = folder / "bin"
        self.folder.mkdir()
        path.mkdir()
        # The first python3 on the PATH may be a script that looks for a Python, which takes far longer than one.
        for name, real in (("curl", f'"{shutil.which("curl")}"'), ("python3", f'"{sys.executable}" -S')):
            _script(path / name, f'printf "%s\\n" "$@" >>"{self._arguments}"\nexec {real} "$@"')
        _script(path / "sleep", "exit 0")
        self.vtaction: RunnerProcess = vtaction_process(sandbox, folder)
        self.vtaction.environment.update(
            VT_API_KEY=KEY, VT_API_VERSION=version, PATH=f"{path}{os.pathsep}{os.environ['PATH']}"
        )

    def printed(self, *arguments: str, **changes: str) -> Printed:
        done = self.vtaction.ended(["curl", *arguments], changes, folder=self.folder)
        return Printed(os.fsdecode(done.stdout), os.fsdecode(done.stderr), done.returncode)

    def in_memory(self, *arguments: str, **changes: str) -> Printed:
        """What `vtaction` prints with these arguments, without a process."""
        output, errors = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        ours = Path.cwd()
        with contextlib.ExitStack() as until_then:
            until_then.enter_context(mock.patch.dict(os.environ, {**self.vtaction.environment, **changes}, clear=True))
            until_then.callback(os.chdir, ours)
            os.chdir(self.folder)
            until_then.enter_context(contextlib.redirect_stdout(output))
            until_then.enter_context(contextlib.redirect_stderr(errors))
            options = parse(arguments)
            exit_code = options.command(options, Termination(SystemClock()))
            output.flush()
        return Printed(os.fsdecode(output.buffer.getvalue()), errors.getvalue(), exit_code)

    def run(self, text: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run `text` with sh, without `VT_API_URL` and the like, because the printed lines must suffice."""
        environment = {"PATH": self.vtaction.environment["PATH"], "VT_API_KEY": KEY, **changes}
        return subprocess.run(
            ["sh"],
            input=text,
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
            timeout=60,
        )

    def answer(self, *arguments: str, **changes: str) -> Any:
        """The output of the printed lines, as JSON."""
        printed = self.in_memory("curl", *arguments, **changes)
        assert printed.exit_code == 0, printed.stderr
        done = self.run(printed.text, **changes)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return json.loads(done.stdout)

    def action(self, *arguments: str, **changes: str) -> dict[str, Any]:
        """The response of the action itself, without cached answers."""
        options = ("--json", "--include", "raw", "--cache", "off")
        done = self.in_memory(*arguments, *options, **changes)
        response: dict[str, Any] = json.loads(done.text)
        return response

    @property
    def arguments(self) -> str:
        """The arguments of all started processes of curl and python3."""
        return os.fsdecode(self._arguments.read_bytes())


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)
