"""The base class of all commands that begin a search, and the start of all commands.

Before the first chunk, only `getinfo` is handled.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..app_settings import APP, state_folder
from ..cancellation import Cancellation, is_taken
from ..chunks.protocol import Input, ProtocolError
from ..options import UsageError
from ..sdk_import import GeneratingCommand, dispatch
from ..sdk_options import OwnOptions

if TYPE_CHECKING:
    from ..confirmation import Confirmation
    from ..logs.search_log import SearchLog

Row = dict[str, Any]


class Refused(Exception):
    """The command produces no rows; the message says why, and what to do. `code` is an error code of the contract."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Generating(OwnOptions, GeneratingCommand):  # type: ignore[misc]  # splunklib has no types
    """A command implements `read_options`, which checks the options, and `rows`, which produces the result."""

    def __init__(self) -> None:
        super().__init__()
        self.stopping = Cancellation()
        # Called once, after splunkd has taken the last chunk of rows, unless the search ended before that.
        self.on_taken: Callable[[], None] | None = None
        # Whether the current chunk is for a preview.
        self.is_preview = False
        self._count = 0
        self._figures: dict[str, Any] = {}
        self._log: SearchLog | None = None

    def read_options(self, given: Mapping[str, str]) -> None:
        """`given` are the search's options by name, each one of `OPTIONS`. Raises `UsageError`."""
        raise NotImplementedError

    def rows(self) -> Iterable[Row]:
        """All rows have the same fields. Raises `Refused`."""
        raise NotImplementedError

    def prepare(self) -> None:
        """A wrong option ends the search with a message."""
        try:
            self.read_options(self.own_options())
        except UsageError as error:
            self.write_error(f"{self.told_as}: {error}")
            sys.exit(1)

    def generate(self) -> Iterator[Row]:
        began = time.monotonic()
        self.stopping.tell(lambda: self._note_end(began, early=True))
        try:
            for row in self.rows():
                self._count += 1
                yield {name: _writable(value) for name, value in row.items()}
        except Refused as error:
            self.note(errors={error.code: 1})
            self.write_error(f"{self.told_as}: {error}")
        except Exception as error:
            # Only the place goes into Splunk's log, because the error's text might hold a key.
            sys.stderr.write("".join(traceback.format_tb(error.__traceback__)))
            self.note(errors={"internal": 1})
            self.write_error(f"{self.told_as}: a bug in this app ({type(error).__name__}); splunkd's log has the place")
        self._note_end(began, early=False)
        self.warn(self.log.trouble)

    def confirmation(self) -> Confirmation | None:
        """None if the search has no `confirm=`, so it is not a page's. Raises `Refused`."""
        from ..confirmation import CONFIRM, Confirmation

        given = self.own_options()
        if CONFIRM not in given:
            return None
        user = str(getattr(self.searchinfo, "username", ""))
        try:
            return Confirmation(state_folder(APP, os.environ), user, self.told_as, given)
        except OSError as error:
            raise Refused("config_error", f"clicks cannot be confirmed, so nothing was sent: {error}") from None

    @property
    def log(self) -> SearchLog:
        if self._log is None:
            from ..logs.search_log import SearchLog

            self._log = SearchLog(APP, os.environ, self.searchinfo)
        return self._log

    def note(self, **figures: Any) -> None:
        """Add figures to the log's line about the search."""
        self._figures.update(figures)

    def _note_end(self, began: float, *, early: bool) -> None:
        self.log.ended({"rows": self._count, **self._figures}, time.monotonic() - began, early=early)

    def warn(self, message: str | None) -> None:
        """Show a warning in the search's job, unless it is None."""
        if message is not None:
            self.write_warning("{}", f"{self.told_as}: {message}")

    def write_error(self, message: str, *args: Any) -> None:
        """The SDK formats the message, so braces in a user's text must not be part of the format."""
        super().write_error("{}", message.format(*args) if args else message)

    @property
    def searchinfo(self) -> Any:
        """splunkd's data about the search."""
        return self._metadata.searchinfo

    def _execute_v2(self, ifile: object, process: Any) -> None:
        """Write one reply per chunk, like the SDK, but exit if the search ends early."""
        self.stopping.watch(self._input.fileno())
        try:
            while (chunk := self._input.chunk()) is not None:
                if chunk.metadata.get("action") != "execute":
                    raise ProtocolError(f"expected to execute, not {chunk.metadata.get('action')!r}")
                self.stopping.begin(last=chunk.is_last)
                self.is_preview = bool(chunk.metadata.get("preview") or getattr(self._metadata, "preview", False))
                self._record_writer.is_flushed = False
                self._execute_chunk_v2(process, None)
                ended_before = self.stopping.stopped
                self._record_writer.write_chunk(finished=self._finished)
                self.stopping.replied()
                if self._finished and not ended_before:
                    self._tell_taken()
                self.stopping.end()
        except BrokenPipeError:
            # splunkd closed our output. At exit, Python would try again to write the rest, and print an error.
            os._exit(0)

    def _tell_taken(self) -> None:
        if self.on_taken is not None and is_taken(self._record_writer.ofile):
            self.on_taken()
        self.on_taken = None


def run(module: str, command: str) -> None:
    """Run the command `command` of the module `module` in this folder, until its search ends."""
    made = getattr(import_module(f"{__package__}.{module}"), command)
    # stdout carries the protocol; text that a library prints must not get into it.
    protocol, sys.stdout = sys.stdout, sys.stderr
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        dispatch(made, sys.argv, Input(stdin), protocol)


def _writable(value: Any) -> Any:
    """A cell that UTF-8 can express: VirusTotal's JSON may have half a surrogate pair in a text."""
    if isinstance(value, list):
        return [_writable(each) for each in value]
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "replace").decode("utf-8")
