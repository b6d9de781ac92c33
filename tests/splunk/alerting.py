"""Run an alert action as splunkd does: the script with --execute, its document on stdin, its results in a file."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .endpoint_harness import KEY
from .fake_endpoints import SYSTEM
from .fake_splunkd import SESSION, FakeSplunkd
from .forked_app import run_started
from .searching import Lookup

SID = "scheduler__somebody__search__RMD5_at_1_2"


@dataclass(frozen=True)
class Ran:
    """`said`: the lines on stderr, less what begins each of them. `logged`: the last line of vtlookup.log."""

    status: int
    levels: list[str]
    said: list[str]
    logged: dict[str, Any] = field(repr=False, default_factory=dict)


@dataclass(frozen=True)
class Alert:
    """`alert(rows, fields="md5")`: the action's parameters are the alert's own, with results filled in."""

    action: str
    lookup: Lookup
    splunkd: FakeSplunkd

    def __call__(self, rows: Sequence[Mapping[str, str]], **params: str) -> Ran:
        return self.on(results_file(self.job / "results.csv.gz", rows), **params)

    @property
    def job(self) -> Path:
        """The folder of the alert's job, where splunkd puts its results."""
        folder = self.lookup.home / "var/run/splunk/dispatch" / SID
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def on(self, results: Path | str | None, session: str = SESSION, **params: str) -> Ran:
        return self.reported(json.dumps(self.document(results, session, **params)).encode())

    def document(self, results: Path | str | None, session: str = SESSION, **params: str) -> dict[str, Any]:
        return {
            "app": "search",
            "owner": "somebody",
            "results_file": None if results is None else str(results),
            "results_link": "http://sh1:8000/app/search/@go?sid=scheduler__somebody__search__RMD5_at_1_2",
            "server_host": "sh1",
            "server_uri": self.splunkd.url,
            "session_key": session,
            "sid": SID,
            "search_name": "Files on endpoints",
            "configuration": params,
        }

    def reported(self, document: bytes, *arguments: str) -> Ran:
        script = self.lookup.app / f"bin/{self.action}.py"
        command = [self.lookup.python, str(script), *(arguments or ("--execute",))]
        run = run_started if self.lookup.forked is None else self.lookup.forked.run
        ran = run(command, self.lookup.process_environment, document)
        assert ran.stdout == b""
        log = self.lookup.home / "var/log/splunk/vtlookup.log"
        written = log.read_text("utf-8") if log.exists() else ""
        for secret in (KEY, SESSION, SYSTEM):
            assert secret not in ran.stderr.decode() + written
        lines = ran.stderr.decode().splitlines()
        parts = [line.partition(f" {self.action}: ") for line in lines]
        logged = [json.loads(line) for line in written.splitlines()]
        ends = [line for line in logged if line["event"] == "alert"]
        return Ran(ran.returncode, [part[0] for part in parts], [part[2] for part in parts], (ends or [{}])[-1])


def results_file(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """The rows as splunkd leaves them for an action."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def events(splunkd: FakeSplunkd) -> list[dict[str, Any]]:
    """What was written to indexes."""
    return [json.loads(event) for _, event in splunkd.indexed]
