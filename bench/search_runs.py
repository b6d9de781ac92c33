"""One measured run of a search command, started like splunkd does it."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from package.splunkd_driver.driver import SearchInfo, SearchProcess
from package.splunkd_driver.wire import encode_frame


@dataclass(frozen=True)
class Command:
    """A command's script, its options, and its complete environment."""

    script: Path
    args: Sequence[str]
    environment: Mapping[str, str]
    python: str = ""

    def on(self, python: str) -> Command:
        return dataclasses.replace(self, python=python)

    def set(self, **variables: str) -> Command:
        return dataclasses.replace(self, environment={**self.environment, **variables})

    def process(self) -> SearchProcess:
        return SearchProcess(self.script, python=self.python, timeout=600, environment=self.environment)

    def getinfo(self) -> bytes:
        info = SearchInfo(self.args, dispatch_dir=self.environment["SPLUNK_HOME"])
        return encode_frame(info.as_metadata())


@dataclass(frozen=True)
class Run:
    """`execute_s`: from the first chunk to the last reply, and `cpu_s` the command's processor time in it. `whole_s`:
    from the process's start to its end.
    """

    execute_s: float
    cpu_s: float
    whole_s: float
    peak_mb: float


def run(command: Command, bodies: Sequence[bytes]) -> Run:
    """Send every chunk and a closing one. Fails if a reply has other events than its chunk."""
    frames = [encode_frame({"action": "execute", "finished": False}, body) for body in bodies]
    frames.append(encode_frame({"action": "execute", "finished": True}))
    began = time.perf_counter()
    with command.process() as process:
        assert process.exchange_parts(command.getinfo()) is not None
        used, executing = _cpu_s(process.pid), time.perf_counter()
        replies = [process.exchange_parts(frame) for frame in frames]
        answered = time.perf_counter()
        used = _cpu_s(process.pid) - used
        peak = _peak_mb(process.pid)
        assert process.finish() == 0, process.stderr
        ended = time.perf_counter()
    for body, reply in zip(bodies, replies):
        assert reply is not None
        assert reply[1].count(b"\n") >= body.count(b"\n"), reply[0]
    return Run(answered - executing, used, ended - began, peak)


def seconds_to_getinfo(command: Command) -> float:
    """From the process's start to the reply to `getinfo`."""
    began = time.perf_counter()
    with command.process() as process:
        assert process.exchange_parts(command.getinfo()) is not None
        return time.perf_counter() - began


def seconds_to_import(command: Command) -> float:
    """The time of a process that only imports the SDK."""
    began = time.perf_counter()
    subprocess.run([command.python, "-c", "import splunklib.searchcommands"], env=command.environment, check=True)
    return time.perf_counter() - began


def libraries_of(app: Path, python: str) -> str:
    """The folders of the app's libraries for `python`, in the form of PYTHONPATH."""
    program = (
        f"import os, sys; sys.path.insert(0, {str(app / 'bin')!r}); "
        "from vtlookup_app.libraries import library_folders; print(os.pathsep.join(library_folders()))"
    )
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def _cpu_s(pid: int) -> float:
    """The processor time of a process so far, by the clock that Linux's `clock_getcpuclockid` names."""
    return time.clock_gettime((~pid << 3) | 2)


def _peak_mb(pid: int) -> float:
    """The peak memory of the process itself; the value of `wait` could include the fork's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) / 1024
