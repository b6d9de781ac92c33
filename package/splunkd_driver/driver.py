"""Runs a search command like splunkd: one process, getinfo, then one reply for each chunk.

result = run_search(Path("splunk_app/bin/vtlookup.py"), [[{"md5": "..."}]], SearchInfo(["hash=md5"]))
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from package.splunkd_driver.csv_body import ProtocolError as ProtocolError
from package.splunkd_driver.csv_body import Record as Record
from package.splunkd_driver.process import SearchProcess as SearchProcess
from package.splunkd_driver.process import SearchTimeout as SearchTimeout
from package.splunkd_driver.process import Start, start_process
from package.splunkd_driver.selected_fields import Chunk as Chunk
from package.splunkd_driver.selected_fields import FieldSelection, chunk_fields
from package.splunkd_driver.wire import Reply as Reply


@dataclass(frozen=True)
class SearchInfo:
    """splunkd's data about the search for the command. `args` are its options, like "hash=md5"."""

    args: Sequence[str] = ()
    command: str = "vtlookup"
    app: str = "search"
    owner: str = "admin"
    sid: str = "1700000000.1"
    session_key: str = ""
    splunkd_uri: str = ""
    dispatch_dir: str = ""
    splunk_version: str = "10.2.3"
    maxresultrows: int = 50_000

    def as_metadata(self) -> dict[str, Any]:
        """The metadata of a getinfo chunk."""
        search = " ".join(["|", self.command, *self.args])
        searchinfo = {
            "args": list(self.args),
            "raw_args": list(self.args),
            "dispatch_dir": self.dispatch_dir,
            "sid": self.sid,
            "app": self.app,
            "owner": self.owner,
            "username": self.owner,
            "session_key": self.session_key,
            "splunkd_uri": self.splunkd_uri,
            "splunk_version": self.splunk_version,
            "search": quote(search),
            "command": self.command,
            "maxresultrows": self.maxresultrows,
            "earliest_time": "0",
            "latest_time": "0",
        }
        flags = {"action": "getinfo", "preview": False, "streaming_command_will_restart": False}
        return {**flags, "searchinfo": searchinfo}


@dataclass(frozen=True)
class SearchResult:
    """The result of a search.

    `getinfo`: the first reply, None if there was none. `replies`: one for each chunk with a reply.
    `records`: the resulting events. `messages`: (level, text) of all replies.
    `complete`: whether every chunk got a reply, including the closing one.
    """

    getinfo: Reply | None
    replies: list[Reply]
    records: list[Record]
    messages: list[tuple[str, str]]
    complete: bool
    exit_code: int
    stderr: str


def run_search(
    script: Path,
    chunks: Iterable[Chunk],
    info: SearchInfo | None = None,
    *,
    python: str = sys.executable,
    timeout: float = 60,
    environment: Mapping[str, str] | None = None,
    select_fields: bool = True,
    start: Start = start_process,
) -> SearchResult:
    """Run the command in `script` on `chunks` of events and return the result.

    After `chunks` comes an empty closing chunk, as from splunkd. Without `select_fields` the command
    gets whole events, as from a Splunk that does not support required_fields. `environment` replaces ours.
    `start` makes the process, see `SearchProcess`.
    ProtocolError if the command violates the protocol, SearchTimeout if it takes more than `timeout` seconds.
    """
    with SearchProcess(script, python=python, timeout=timeout, environment=environment, start=start) as process:
        getinfo = process.exchange((info or SearchInfo()).as_metadata())
        search = _Search(process, getinfo, select_fields)
        search.run(chunks)
        exit_code = process.finish()
        return SearchResult(
            getinfo=getinfo,
            replies=search.replies,
            records=search.records,
            messages=search.messages,
            complete=search.complete,
            exit_code=exit_code,
            stderr=process.stderr,
        )


class _Search:
    """The execute phase, with the replies so far."""

    def __init__(self, process: SearchProcess, getinfo: Reply | None, select_fields: bool) -> None:
        self._process = process
        self._refused = getinfo is None or "error" in getinfo.metadata
        metadata = getinfo.metadata if getinfo and select_fields else {}
        self._selection = FieldSelection.from_getinfo(metadata)
        self._fields: list[str] = []
        self.replies: list[Reply] = []
        self.records: list[Record] = []
        self.messages = list(getinfo.messages) if getinfo else []
        if getinfo and "error" in getinfo.metadata:
            self.messages.append(("ERROR", str(getinfo.metadata["error"])))
        self.complete = False

    def run(self, chunks: Iterable[Chunk]) -> None:
        if self._refused or not all(self._execute(chunk, finished=False) for chunk in chunks):
            return
        self._execute([], finished=True)

    def _execute(self, chunk: Chunk, finished: bool) -> bool:
        """Send one chunk. Returns whether the command expects another."""
        self._fields = chunk_fields(chunk) or self._fields
        body = self._selection.encode(chunk, self._fields)
        reply = self._process.exchange({"action": "execute", "finished": finished}, body)
        if reply is None:
            return False
        self.replies.append(reply)
        self.messages.extend(reply.messages)
        self.records.extend(self._selection.merge(chunk, self._fields, reply))
        self.complete = finished
        return not reply.finished
