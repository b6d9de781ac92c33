"""The columns of a body that the fast path supports, from its header."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import repeat

from .cells import MULTIVALUE, multi

# A cell with or without quotes, in the forms that every version of Python's `csv` reads the same.
_FIELD = rb'(?:"[^"]*(?:""[^"]*)*"|[^",\r\n]*)'


class FastPathUnsupported(Exception):
    """The body has a form that the fast path does not support."""


@dataclass(frozen=True)
class Layout:
    """The indexes of the field's plain and multivalue columns, and the number of columns.

    From the index `own` on, there are only multivalue columns.
    """

    plain: int
    multi: int | None
    width: int
    own: int

    def has_single_values(self, texts: Sequence[bytes]) -> bool:
        """A fast check that no record has a value from the multivalue column on."""
        return self.multi is None or all(map(bytes.endswith, texts, repeat(b"," * (self.width - self.multi))))

    def records(self) -> Callable[[bytes], list[tuple[bytes, ...]]]:
        """A function that returns for each record of a block its text, and its `plain` and `multi` cells in order."""
        cells = [_FIELD] * self.width
        for place in self.places:
            cells[place] = b"(%s)" % _FIELD
        record, rest = b",".join(cells[: self.own]), b",".join(cells[self.own :])
        if rest:
            # Most records have one value per field, so the multivalue columns are empty.
            record += b"(?:,{%d}|,%s)" % (self.width - self.own, rest)
        # Input that is not a record consumes the rest of the block; searching on would take quadratic time.
        return re.compile(b"(%s)\n|(?s:.+)" % record).findall

    @property
    def places(self) -> list[int]:
        return [self.plain] if self.multi is None else sorted((self.plain, self.multi))


def layout_of(header: bytes, field: str, added: Collection[str]) -> Layout:
    """Raises `FastPathUnsupported`, also if the field is missing, or a column of `added` exists."""
    if not header or header.count(b'"') % 2 or b"\r" in header or b"\0" in header:
        raise FastPathUnsupported
    names = next(csv.reader([header.decode("utf-8")]))
    if len(set(names)) < len(names) or field not in names or not set(names).isdisjoint(added):
        raise FastPathUnsupported
    several = names.index(multi(field)) if multi(field) in names else None
    own = len(names)
    while own > 1 and names[own - 1].startswith(MULTIVALUE):
        own -= 1
    return Layout(names.index(field), several, len(names), own)
