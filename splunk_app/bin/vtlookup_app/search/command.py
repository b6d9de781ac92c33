"""The search command `vtlookup`. Before the first chunk it only does what the reply to `getinfo` needs."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import result_fields as columns
from ..app_settings import APP, selected_fields
from ..cancellation import Cancellation
from ..chunks.cells import Values
from ..chunks.protocol import Chunk, Input, ProtocolError, widen, write_reply
from ..chunks.reply import AddedFields
from ..options import SearchOptions, UsageError, read_options
from ..sdk_import import Configuration, StreamingCommand
from ..sdk_options import OwnOptions, refuse_chunk

if TYPE_CHECKING:
    from ..logs.search_log import SearchLog
    from .enrichment import Enrichment


# Answers and fields stay until the search ends. With Python's 700, searching them for garbage again and again takes a
# tenth of the time.
_OBJECTS_BETWEEN_COLLECTIONS = 100_000


# Not distributed to indexers, because the key, the cache and the quota are on the search head.
@Configuration(distributed=False)
class VtLookup(OwnOptions, StreamingCommand):  # type: ignore[misc]  # splunklib has no types
    """Adds VirusTotal's verdict on the indicator in a field to every event."""

    OPTIONS = (
        "hash",
        "url",
        "domain",
        "ip",
        "ioc",
        "prefix",
        "max_age",
        "wait",
        "cache",
        "raw",
        "verdict_by",
        "context",
    )

    _search: SearchOptions
    _added: AddedFields
    _enrichment: Enrichment | None = None
    _log: SearchLog | None = None
    _began: float | None = None
    _stopping = Cancellation()

    def prepare(self) -> None:
        """Check the options, and request the fields from splunkd. A wrong option ends the search with a message."""
        try:
            self._search = read_options(self.own_options())
        except UsageError as error:
            self.write_error(f"vtlookup: {error}")
            sys.exit(1)
        if selected_fields(APP, os.environ):
            self.configuration.required_fields = self._search.required_fields

    def stream(self, records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The SDK refuses a command without one; `_execute_v2` does the work."""
        raise NotImplementedError

    def _execute_v2(self, ifile: object, process: Any) -> None:
        """Write one reply per chunk. The SDK would turn each record into a dictionary, and write it again."""
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
        self._added = AddedFields(self._search)
        widen(self._record_writer.ofile)
        self._stopping.watch(self._input.fileno())
        try:
            self._answer_all(self._input)
        except BrokenPipeError:
            self._note_end(early=True)
            # splunkd closed our output. At exit, Python would try again to write the rest, and print an error.
            os._exit(0)
        finally:
            self._note_end(early=True)

    def _answer_all(self, ifile: Input) -> None:
        try:
            while (chunk := ifile.chunk()) is not None:
                self._began = self._began or time.monotonic()
                self._stopping.begin(last=chunk.is_last)
                self._answer(chunk)
                self._stopping.end()
        except ProtocolError as error:
            refuse_chunk(self.told_as, error, self._record_writer.ofile)

    def _answer(self, chunk: Chunk) -> None:
        if chunk.metadata.get("action") != "execute":
            raise ProtocolError(f"expected to execute, not {str(chunk.metadata.get('action'))[:60]!r}")
        writer = self._record_writer
        # If this fails, the SDK's error message becomes the reply.
        writer.is_flushed = False
        final = not chunk.is_preview
        reply = self._added.reply(chunk.body, lambda values: self._enrich(values, preview=not final), final=final)
        if chunk.is_last and final:
            self._tell()
        inspector = {"inspector": dict(writer._inspector)} if writer._inspector else {}
        writer._inspector.clear()
        writer.is_flushed = True
        write_reply(writer.ofile, {**inspector, "finished": chunk.is_last}, reply)

    def _enrich(self, keys: Sequence[Values], *, preview: bool) -> Mapping[Values, columns.Columns]:
        asked = _indicators(value for key in keys for value in key)
        found = self._asking().columns_for(asked, preview=preview) if asked else {}
        blank = columns.empty()
        by_key: dict[Values, columns.Columns] = {}
        for key in keys:
            answers = [found.get(value, blank) for value in key]
            by_key[key] = columns.side_by_side(answers) if len(answers) > 1 else (answers or [blank])[0]
        return by_key

    def _asking(self) -> Enrichment:
        if self._enrichment is None:
            from ..composition import start

            searchinfo = self._metadata.searchinfo
            self._enrichment = start(APP, self._search, searchinfo, os.environ, self._stopping, self._logging())
            self._stopping.tell(lambda: self._note_end(early=True))
        return self._enrichment

    def _logging(self) -> SearchLog:
        if self._log is None:
            from ..logs.search_log import SearchLog

            self._log = SearchLog(APP, os.environ, self._metadata.searchinfo)
        return self._log

    def _note_end(self, *, early: bool) -> None:
        """Write the search's line in the log, unless only `getinfo` came."""
        if self._began is not None:
            figures = self._enrichment.figures() if self._enrichment is not None else {"distinct": 0}
            told = {"rows": self._added.rows, **figures}
            self._logging().ended(told, time.monotonic() - self._began, early=early)

    def _tell(self) -> None:
        """Show one message for the whole search, with its last chunk."""
        if self._enrichment is not None:
            self._enrichment.end()
        self._note_end(early=False)
        told = [
            self._added.warning(),
            self._enrichment.message() if self._enrichment is not None else None,
            self._logging().trouble,
        ]
        message = "; ".join(part for part in told if part)
        if message:
            self.write_warning("{}", f"vtlookup: {message}")

    def write_error(self, message: str, *args: Any) -> None:
        """The SDK formats the message, so braces in a user's text must not be part of the format."""
        super().write_error("{}", message.format(*args) if args else message)


def _indicators(values: Iterable[str]) -> list[str]:
    """Without placeholders for an empty value, such as `-`."""
    given = [value for value in values if value.strip()]
    if not given:
        return []
    from vt_connectors.indicators import has_no_value

    return [value for value in given if not has_no_value(value)]
