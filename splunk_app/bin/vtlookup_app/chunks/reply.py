"""A chunk's reply: its records with the added fields. Only this module chooses between fast path and CSV path."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from .. import result_fields as columns
from ..options import SearchOptions
from ..result_fields import Columns
from ..search.field_names import NamedField, shown
from . import fast_path as fast_path
from .cells import Fragments, Values, added_names, each_of
from .chunk_body import Body
from .fast_path import FastPathUnsupported, Key, Records, may_hold_several, values_of
from .protocol import Reply

Enrich = Callable[[Sequence[Values]], Mapping[Values, Columns]]


class AddedFields:
    """`reply(body, enrich, final)` for each chunk of a search; the encoded fields of an indicator are cached.

    `rows` counts the records of all final chunks so far.
    """

    def __init__(self, options: SearchOptions) -> None:
        self._options = options
        self._names = options.names
        self._added = frozenset(added_names(self._names, options.prefix))
        self.rows = 0
        self._tails: dict[bool, dict[Key, bytes]] = {False: {}, True: {}}
        self._field = NamedField(options.field)
        # New fields that are left out, because events already have fields with these names.
        self._left_out: dict[str, None] = {}

    def reply(self, body: Body, enrich: Enrich, *, final: bool) -> Reply:
        """`enrich` gives the fields for the records' values. `final`: they do not change during the search."""
        if body.is_empty:
            return Reply(0, ())

        def noting(keys: Sequence[Values]) -> Mapping[Values, Columns]:
            self._field.has_value = self._field.has_value or (final and any(map(any, keys)))
            return enrich(keys)

        try:
            records = fast_path.read(body, self._options.field, self._added)
        except FastPathUnsupported:
            return self._by_text(body, noting, final)
        self.rows += len(records.keys) if final else 0
        body.lines.clear()
        reply = self._quickly(records, noting, final)
        if final and not self._field.has_value:
            self._look_for_field(
                records.header.decode(), lambda: b"\n".join([records.header, *records.texts, b""]).decode()
            )
        return reply

    def warning(self) -> str | None:
        """A message for the search's user about the events' fields; None if there is no problem."""
        kept = ", ".join(shown(self._options.prefix + name) for name in self._left_out)
        told = [(self._field.warning() if self.rows else None) or ""]
        if kept:
            told.append(f"events have fields of their own called {kept}, which were kept")
            told[-1] += ": choose another prefix=, or remove them first"
        return "; ".join(filter(None, told)) or None

    def _quickly(self, records: Records, enrich: Enrich, final: bool) -> Reply:
        keys = dict.fromkeys(records.keys)
        side_by_side = any(may_hold_several(key) and len(self._values_of(key)) > 1 for key in keys)
        fragments = Fragments(self._names, self._options.prefix, side_by_side=side_by_side)
        known = self._tails[side_by_side] if final else {}
        known.update(self._tails_of([key for key in keys if key not in known], enrich, fragments))
        header = f",{fragments.header}\n".encode()
        tails = list(map(known.__getitem__, records.keys))
        records.keys.clear()
        size = len(records.header) + len(header) + sum(map(len, records.texts)) + sum(map(len, tails))
        return Reply(size, fast_path.parts(records, header, tails))

    def _by_text(self, body: Body, enrich: Enrich, final: bool) -> Reply:
        from . import csv_path as rows

        text = body.text()
        body.lines.clear()
        kind = self._options.kind
        self._leave_out(columns.used_by_events(rows.names_in(text), self._names, self._options.prefix))
        added, count = rows.add_fields(text, self._options.field, self._names, self._options.prefix, enrich, kind)
        self.rows += count if final else 0
        if final and not self._field.has_value:
            self._look_for_field(text, lambda: text)
        encoded = added.encode("utf-8", "replace")
        return Reply(len(encoded), (encoded,))

    def _leave_out(self, names: Sequence[str]) -> None:
        """For the rest of the search, so that a field has one meaning."""
        if not names:
            return
        self._left_out.update(dict.fromkeys(names))
        self._names = tuple(name for name in self._names if name not in self._left_out)
        self._added = frozenset(added_names(self._names, self._options.prefix))
        self._tails = {False: {}, True: {}}

    def _look_for_field(self, begin: str, text: Callable[[], str]) -> None:
        """Note the chunk's fields if the named field has no value; the chunk's header is in `begin`."""
        from . import csv_path as rows

        others = self._field.saw(rows.names_in(begin))
        if others:
            self._field.saw_values(rows.fields_with_values(text(), others))

    def _values_of(self, key: Key) -> Values:
        return each_of(values_of(key), self._options.kind)

    def _tails_of(self, keys: Collection[Key], enrich: Enrich, fragments: Fragments) -> dict[Key, bytes]:
        """The text to append to the records with each key, with the line's end."""
        values = {key: self._values_of(key) for key in keys}
        found = enrich(list(dict.fromkeys(values.values())))
        return fragments.of_each({key: found[values[key]] for key in keys}, lambda fragment: f",{fragment}\n".encode())
