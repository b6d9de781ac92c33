"""Run the installed search command, and read its output."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from package.splunkd_driver.driver import Chunk, Record, Reply, SearchInfo, SearchProcess, SearchResult, run_search
from package.splunkd_driver.process import Start, start_process

from .forked_app import ForkedApp, Process, run_started, start_with_pipes

EICAR_MD5 = "44d88612fea8a8f36de82e1278abb02f"
CLEAN_IP = "8.8.8.8"
FIELDS = [
    *("status", "verdict", "malicious", "suspicious", "harmless", "undetected", "total", "detections"),
    *(
        "detected_by",
        "reputation",
        "label",
        "names",
        "tags",
        "type",
        "country",
        "asn",
        "owner",
        "registrar",
        "categories",
        "first_seen",
    ),
    *("last_analysis", "link", "source", "age", "error", "reason", "queued", "worst_verdict"),
    *("gti_verdict", "gti_severity", "gti_score"),
]


def md5(number: int) -> str:
    """One of many hashes, always the same one for a number."""
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()


def splunks_home(folder: Path) -> Path:
    """What SPLUNK_HOME names, in `folder`."""
    home = folder / "splunk"
    (home / "var/log/splunk").mkdir(parents=True)
    return home


@dataclass(frozen=True)
class Lookup:
    """`| vtlookup` as splunkd starts it: `lookup(chunks, "hash=md5")`. `environment` is all that the process has.

    With `forked` its processes are forked, otherwise started.
    """

    app: Path
    home: Path
    python: str
    environment: Mapping[str, str]
    name: str = "vtlookup"
    forked: ForkedApp | None = None

    def command(self, name: str) -> Lookup:
        """Another of the app's commands; those that begin a search are given no chunks."""
        return dataclasses.replace(self, name=name)

    def on(self, python: str) -> Lookup:
        """On another interpreter."""
        return dataclasses.replace(self, python=python)

    def started_on(self, python: str) -> Lookup:
        """On another interpreter, and with processes that are started for themselves."""
        return dataclasses.replace(self, python=python, forked=None)

    def set(self, **variables: str) -> Lookup:
        """With more variables; an empty one is taken away."""
        merged = {**self.environment, **variables}
        return dataclasses.replace(self, environment={name: value for name, value in merged.items() if value})

    @property
    def start(self) -> Start:
        return start_process if self.forked is None else self.forked.start

    def run(self, given: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """What became of a process whose input is `given`."""
        run = run_started if self.forked is None else self.forked.run
        return run([self.python, str(self.script), *arguments], self.process_environment, given)

    def running(self, *arguments: str) -> Process:
        """A process with three pipes, for a test that looks at its end: that is the same whether forked or started."""
        start = start_with_pipes if self.forked is None else self.forked.start_with_pipes
        return start([self.python, str(self.script), *arguments], self.process_environment)

    @property
    def script(self) -> Path:
        return self.app / f"bin/{self.name}.py"

    @property
    def process_environment(self) -> dict[str, str]:
        return {"SPLUNK_HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home), **self.environment}

    def __call__(
        self, chunks: Iterable[Chunk], *args: str, select_fields: bool = True, **searchinfo: Any
    ) -> SearchResult:
        info = SearchInfo(args, self.name, dispatch_dir=str(self.home), **searchinfo)
        return run_search(
            self.script,
            chunks,
            info,
            python=self.python,
            environment=self.process_environment,
            select_fields=select_fields,
            start=self.start,
        )

    def process(self) -> SearchProcess:
        return SearchProcess(self.script, python=self.python, environment=self.process_environment, start=self.start)

    def raw(self, *bodies: str, args: Sequence[str], preview: bool = False) -> list[Reply]:
        """The replies to bodies exactly as they stand, in whole-event mode."""
        with self.process() as process:
            assert process.exchange(SearchInfo(args, dispatch_dir=str(self.home)).as_metadata()) is not None
            replies = [
                process.exchange({"action": "execute", "finished": False, "preview": preview}, body.encode())
                for body in bodies
            ]
            assert process.finish() == 0
            assert process.stderr == ""
        return [reply for reply in replies if reply is not None]


def normal(result: SearchResult) -> SearchResult:
    """`result`, if nothing was wrong with the search."""
    assert (result.complete, result.exit_code, result.stderr) == (True, 0, "")
    assert result.messages == []
    return result


def added(record: Record, prefix: str = "vt_") -> Record:
    """The fields that the command added, less the prefix."""
    return {name[len(prefix) :]: value for name, value in record.items() if name.startswith(prefix)}


def without_added(records: Iterable[Record], prefix: str = "vt_") -> list[Record]:
    """The events without the added fields."""
    return [{name: value for name, value in record.items() if not name.startswith(prefix)} for record in records]


def statuses(result: SearchResult) -> list[Any]:
    return [record["vt_status"] for record in result.records]


def only_message(result: SearchResult) -> str:
    """The search's one warning, when the search went through to its end."""
    assert (result.complete, result.exit_code, result.stderr) == (True, 0, "")
    assert len(result.messages) == 1, result.messages
    level, text = result.messages[0]
    assert level == "WARN"
    return text
