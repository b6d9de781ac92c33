"""A chunk's reply: its records with their added fields. Here, and nowhere else, is chosen which way they get them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from . import columns, quick_rows
from .body import Body
from .columns import Columns
from .fragments import Fragments, Values, added_names
from .pipe import Reply
from .quick_rows import Key, NotForHere, Records, values_of
from .search_options import SearchOptions

Enrich = Callable[[Sequence[Values]], Mapping[Values, Columns]]


class AddedFields:
    """`reply(body, enrich, final)` for each chunk of a search; what an indicator's fields look like is kept.

    `rows` are those of all final chunks so far.
    """

    def __init__(self, options: SearchOptions) -> None:
        self._options = options
        self._names = columns.names(options.raw)
        self._added = frozenset(added_names(self._names, options.prefix))
        self.rows = 0
        self._tails: dict[bool, dict[Key, bytes]] = {False: {}, True: {}}

    def reply(self, body: Body, enrich: Enrich, *, final: bool) -> Reply:
        """`enrich` gives the fields of what records hold. `final`: these are the indicators' for all of the search."""
        if body.is_empty:
            return Reply(0, ())
        try:
            records = quick_rows.read(body, self._options.field, self._added)
        except NotForHere:
            return self._by_text(body, enrich, final)
        self.rows += len(records.keys) if final else 0
        body.lines.clear()
        return self._quickly(records, enrich, final)

    def _quickly(self, records: Records, enrich: Enrich, final: bool) -> Reply:
        keys = dict.fromkeys(records.keys)
        side_by_side = any(key[:1] == quick_rows.MULTI and len(values_of(key)) > 1 for key in keys)
        fragments = Fragments(self._names, self._options.prefix, side_by_side=side_by_side)
        known = self._tails[side_by_side] if final else {}
        known.update(_tails([key for key in keys if key not in known], enrich, fragments))
        header = f",{fragments.header}\n".encode()
        tails = [known[key] for key in records.keys]
        records.keys.clear()
        size = len(records.header) + len(header) + sum(map(len, records.texts)) + sum(map(len, tails))
        return Reply(size, quick_rows.parts(records, header, tails))

    def _by_text(self, body: Body, enrich: Enrich, final: bool) -> Reply:
        from . import rows

        text = body.text()
        body.lines.clear()
        added, count = rows.add_fields(text, self._options.field, self._names, self._options.prefix, enrich)
        self.rows += count if final else 0
        encoded = added.encode("utf-8", "replace")
        return Reply(len(encoded), (encoded,))


def _tails(keys: Collection[Key], enrich: Enrich, fragments: Fragments) -> dict[Key, bytes]:
    """What is put behind the records with each key, with the line's end."""
    values = {key: values_of(key) for key in keys}
    found = enrich(list(dict.fromkeys(values.values())))
    return {key: f",{fragments.of(found[values[key]])}\n".encode() for key in keys}
