"""Cortex, as far as its analyzers and responders see it: a process for each job."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.forked_process import Program, fork_server, of_python

from .installed import installed
from .setting import Setting, built

_MOST_S = 120
# What both programs import. Not vt-connectors as a whole, of which they need a small part.
_IMPORTED = (
    *("cortexutils.analyzer:", "cortexutils.responder:", "requests:"),
    *("vt_connectors.adapters.soar.configured:", "vt_connectors.adapters.soar.thehive_cortex:"),
    *("vt_connectors.composition.core:", "vt_connectors.adapters.core_from_environment:"),
)


class Report(NamedTuple):
    """`document`: what Cortex reads. `stdout`, `stderr`: what nobody should need."""

    document: dict[str, Any]
    exit_code: int
    stdout: str
    stderr: str

    @property
    def taxonomy(self) -> tuple[str, str]:
        """Level and value of the only one."""
        [taxonomy] = self.document["summary"]["taxonomies"]
        return taxonomy["level"], taxonomy["value"]


class Cortex:
    """The built bundle with its definitions, by name without the prefix."""

    def __init__(self, setting: Setting) -> None:
        self._python = installed("cortexutils").python
        self._setting = setting
        self.bundle = built("thehive_cortex", setting.folder)
        self._jobs = itertools.count()

    def definition(self, name: str) -> dict[str, Any]:
        [path] = self.bundle.glob(f"*/VTConnectors/VTConnectors_{name}.json")
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return document

    def run(
        self,
        flavour: str,
        kind: str,
        data: Any,
        *,
        config: Mapping[str, Any] | None = None,
        file: bytes | None = None,
        file_name: str = "attachment",
        by_stdin: bool = False,
        is_started: bool = False,
        **more: Any,
    ) -> Report:
        """A job about `data`, or about a `file` with this name. `config`: what an administrator set. `file_name`: under
        which the job finds the file. `is_started`: the process is not forked.
        """
        definition = self.definition(flavour)
        document = {"dataType": kind, "tlp": 0, "pap": 0, **more, "config": {**definition["config"], **(config or {})}}
        job = self._setting.folder / f"job-{next(self._jobs)}"
        (job / "input").mkdir(parents=True)
        if file is None:
            document["data"] = data
        else:
            (job / "input/attachment").write_bytes(file)
            document.update(filename=data, file=file_name)
        if not by_stdin:
            (job / "input/input.json").write_text(json.dumps(document), "utf-8")
        program = next(self.bundle.glob(f"*/{definition['command']}"))
        ended = self._ended(program, job, json.dumps(document) if by_stdin else "", is_started=is_started)
        told = ended.stdout.decode() if by_stdin else _output_of(job, ended)
        return Report(json.loads(told), ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def _ended(self, program: Path, job: Path, given: str, *, is_started: bool) -> subprocess.CompletedProcess[bytes]:
        environment = self._setting.environment
        if is_started:
            return subprocess.run(
                [str(self._python), str(program), str(job)],
                input=given.encode(),
                env=environment,
                cwd=program.parent,
                capture_output=True,
                check=False,
                timeout=_MOST_S,
            )
        server = fork_server(Program(str(self._python), _IMPORTED), tuple(sorted(of_python(environment).items())))
        command = [str(program), str(job)]
        return server.run(command, environment, given.encode(), timeout=_MOST_S, folder=program.parent)


def _output_of(job: Path, ended: subprocess.CompletedProcess[bytes]) -> str:
    path = job / "output/output.json"
    assert path.exists(), ended.stderr
    return path.read_text("utf-8")


def ask(setting: Setting, values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The verdicts on values with their kinds, from an analyzer in process."""
    cortex = Cortex(setting)
    setting.begin()
    return {value: cortex.run("Lookup", kind, value).document["full"]["verdict"] for kind, value in values}
