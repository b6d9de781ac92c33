"""The search command. Nothing here runs before the first chunk but what `getinfo` must answer."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from splunklib.searchcommands import Configuration, GeneratingCommand, Option

from ..pipe import Input, ProtocolError, Reply, write_reply
from ..search_options import UsageError
from ..stopping import Stopping
from .options import DrainOptions, read_options

APP = Path(__file__).resolve().parent.parent.parent.parent
_OPTION_NAMES = ("keep", "wait")


# One row of figures: a report. Splunk runs such commands on the search head alone.
@Configuration(type="reporting")
class VtDrain(GeneratingCommand):  # type: ignore[misc]  # splunklib has no types
    """Asks VirusTotal for what waits for quota, oldest first."""

    keep = Option()
    wait = Option()

    _drain: DrainOptions
    _stopping = Stopping()

    def prepare(self) -> None:
        """Check the options. A wrong one ends the search with a message."""
        try:
            if self.record:
                raise UsageError("record= is not an option of this command")
            self._drain = read_options({name: getattr(self, name) for name in _OPTION_NAMES}, self.fieldnames)
        except UsageError as error:
            self.write_error(f"vtdrain: {error}")
            sys.exit(1)

    def generate(self) -> Iterator[dict[str, Any]]:
        """The SDK wants one that it can look at; `_execute_v2` does the work."""
        yield from ()

    def _execute_v2(self, ifile: Input, process: Any) -> None:
        """One reply a chunk, all in the first. The SDK cannot be told that a search is over before its time."""
        self._stopping.watch(ifile.fileno())
        row: dict[str, Any] | None = None
        try:
            while (chunk := ifile.chunk()) is not None:
                if chunk.metadata.get("action") != "execute":
                    raise ProtocolError(f"expected to execute, not {chunk.metadata.get('action')!r}")
                self._stopping.begin(last=True)
                self._answer({} if row is not None else self._drained())
                row = {}
                self._stopping.end()
        except BrokenPipeError:
            # Nobody reads on. Python would try to write the rest once more at its end, and complain.
            os._exit(0)

    def _drained(self) -> dict[str, Any]:
        from .run import drain

        row = drain(APP, self._drain, self._metadata.searchinfo, os.environ, self._stopping)
        if row["message"]:
            self.write_warning("{}", f"vtdrain: {row['message']}")
        return row

    def _answer(self, row: dict[str, Any]) -> None:
        writer = self._record_writer
        inspector = {"inspector": dict(writer._inspector)} if writer._inspector else {}
        writer._inspector.clear()
        writer.is_flushed = True
        body = _encoded(row)
        write_reply(writer.ofile, {**inspector, "finished": True}, Reply(len(body), (body,)))

    def write_error(self, message: str, *args: Any) -> None:
        """The SDK takes braces for places to fill in, also those that a user wrote."""
        super().write_error("{}", message.format(*args) if args else message)


def _encoded(row: dict[str, Any]) -> bytes:
    if not row:
        return b""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([row, row.values()])
    return text.getvalue().encode("utf-8", "replace")
