"""`vtaction enrich`: events on stdin, the same events with new fields on stdout, in order."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...contract import FAILED, OK
from ...contract.documents import Options
from ...core import Core
from ...log import logger
from ..process.descriptors import Input, Output
from ..process.termination import LOOK_S, Termination
from .added_fields import AddedFields, FieldName
from .answers import WINDOW_S, Answers, Lookups
from .dialects import Added, Dialect, Event
from .event_lines import EventLines, Unreadable

if TYPE_CHECKING:
    from ...indicators import Kind

_LOG = logger("enrich")
# After a request to end: how long events are still read, and how long a blocked output is waited for.
_LAST_EVENTS_S = 5.0
_LAST_OUTPUT_S = 3.0
# Parsed events have no cycles, and with Python's 700 the search for some takes a tenth of the time.
_OBJECTS_BETWEEN_COLLECTIONS = 100_000

_NO_EVENT = "is not a JSON object of at most 1 MiB in UTF-8"


class Wanted(NamedTuple):
    """What is looked up, and how. `replaces`: new fields replace those that an event has already. `only`: the new
    fields without the prefix; None: all. The prefixes of all fields begin with `prefix`.
    """

    fields: Sequence[FieldName]
    prefix: str
    options: Options
    replaces: bool = False
    only: frozenset[str] | None = None


class Counts:
    """What happened to the events. The first of each oddity is logged at once, and their numbers at the end."""

    def __init__(self) -> None:
        self.lines = 0
        self._odd: dict[str, int] = {}

    def odd(self, what: str) -> None:
        if what not in self._odd:
            _LOG.warning("line %d %s; it is passed on as it is, and so are others like it", self.lines, what)
        self._odd[what] = self._odd.get(what, 0) + 1

    def tell(self) -> None:
        """Log the numbers."""
        for what, count in self._odd.items():
            _LOG.warning("%d of %d lines: %s", count, self.lines, what)


class EventStream:
    """Reads what is there, answers it and writes it before it reads on: a slow reader slows down the writer."""

    def __init__(self, core: Core, dialect: Dialect, wanted: Wanted, ending: Termination) -> None:
        self._core = core
        self._dialect = dialect
        self._replaces = wanted.replaces
        self._ending = ending
        self._lookups = lookups = Lookups(core, wanted.options, ending)
        self._answers: dict[Kind | None, Answers] = {
            field.kind: Answers(lookups, field.kind) for field in wanted.fields
        }
        self._fields = [AddedFields(field, self._answers[field.kind], wanted.only) for field in wanted.fields]
        self._prefix = wanted.prefix
        self._lines = EventLines()
        self._counts = Counts()
        self._written: list[str] = []
        self._began = ending.clock.monotonic()

    def run(self, stdin: Input, stdout: Output) -> int:
        """Returns the exit status. Raises `BrokenPipeError` if the reader is gone, and `OSError` if writing fails."""
        self._ending.output = self._stdout = stdout
        gc.freeze()
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
        try:
            status = self._pass_on_all(stdin)
        finally:
            self._end_batch()
            self._counts.tell()
        return status

    def _pass_on_all(self, stdin: Input) -> int:
        status = OK
        try:
            while (piece := stdin.read(LOOK_S)) != b"":
                self._ending.look()
                if piece:
                    self._pass_on(self._lines.feed(piece))
                if self._ending.clock.cancelled and (piece is None or self._ending.for_s > _LAST_EVENTS_S):
                    break
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            _LOG.error("stdin cannot be read to its end (%s); the events before the error are passed on", error)
            status = FAILED
        if self._lines.has_begun:
            self._pass_on(self._lines.end())
        return status

    def _pass_on(self, lines: Sequence[str]) -> None:
        """Write the lines in order. Those whose answers are there do not wait for the answers of later ones."""
        self._forget_old()
        events = [None if type(line) is Unreadable else self._dialect.event(line) for line in lines]
        there = [event for line, event in zip(lines, events) if event is not None and self._may_get_fields(line, event)]
        for field in self._fields:
            field.answers.begin(field.values_in(there))
        for line, event in zip(lines, events):
            if event is not None:
                self._counts.lines += 1
                self._write_line(self._enriched(line, event))
            else:
                self._write_without_event(line)
        self._flush()

    def _may_get_fields(self, line: str, event: Event) -> bool:
        """Without this, a request could be spent on an answer that is not written."""
        if self._replaces or not self._may_have_fields(line):
            return True
        return not any(map(self._is_new, event))

    def _may_have_fields(self, line: str) -> bool:
        """A search in the text is much faster than one for each name. A name, which is ASCII, may have escapes."""
        return self._prefix in line or "\\u00" in line

    def _enriched(self, line: str, event: Event) -> str:
        if self._may_have_fields(line):
            left = {name: value for name, value in event.items() if not self._is_new(name)}
            if len(left) < len(event):
                return self._with_earlier_fields(line, event, left)
        added = self._added_to(event)
        return self._dialect.enriched(line, added) if added else self._dialect.unchanged(line)

    def _with_earlier_fields(self, line: str, event: Event, left: Event) -> str:
        """The output for an event that has fields with the names of new ones; `left`: without them."""
        added = self._added_to(event) if self._replaces else []
        if added:
            return self._dialect.replaced(line, left, added)
        if not self._replaces:
            self._counts.odd("has fields with the names of new ones (--replace replaces them)")
        return self._dialect.unchanged(line)

    def _added_to(self, event: Event) -> list[Added]:
        return [new for field in self._fields if (new := field.added_to(event, self._flush)) is not None]

    def _is_new(self, name: str) -> bool:
        return any(field.has(name) for field in self._fields)

    def _write_without_event(self, line: str) -> None:
        if isinstance(line, Unreadable) and not line.ends:
            self._written.append(self._dialect.part(line))
            return
        self._counts.lines += 1
        if isinstance(line, Unreadable) or line.strip():
            self._counts.odd(_NO_EVENT)
        self._write_line(self._dialect.unchanged(line))

    def _write_line(self, text: str) -> None:
        self._written.append(text + "\n")

    def _flush(self) -> None:
        if self._written:
            data = "".join(self._written).encode("utf-8", "surrogateescape")
            self._written.clear()
            self._stdout.write(data, self._waits_for_output)

    def _waits_for_output(self) -> bool:
        self._ending.look()
        return self._ending.for_s < _LAST_OUTPUT_S

    def _forget_old(self) -> None:
        now = self._ending.clock.monotonic()
        if now - self._began > WINDOW_S or any(field.is_full for field in self._fields):
            self._began = now
            for field in self._fields:
                field.forget()

    def _end_batch(self) -> None:
        """Write the queue of pending lookups. The state may be locked, so this may have to be given up."""
        self._lookups.has_ended = True
        for answers in self._answers.values():
            answers.end()
        if not self._core.ends_at_once:
            self._ending.result_of(self._core.end_batch)
