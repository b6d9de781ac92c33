"""Encodes an event's added fields as CSV, to be appended to its line; reads and writes cells with several values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Callable, TypeVar

from ..result_fields import Cell, Columns, is_list

MULTIVALUE = "__mv_"
# A text without these is one value. `vt_connectors.indicators.values_in` reads others, but takes time to import.
_MAY_BE_SEVERAL = re.compile("[ \t\r\n\f\v,;|]")
_ENCODED = re.compile(r"\$((?:\$\$|[^$])*)\$(?:;|\Z)")

Values = tuple[str, ...]
Key = TypeVar("Key")
Tail = TypeVar("Tail")


class Fragments:
    """`header`, and the fragments of records, each without the comma before it and the end of the line.

    `side_by_side`: some event has several indicators, so any of its fields may be multivalued.
    """

    def __init__(self, names: Sequence[str], prefix: str, *, side_by_side: bool) -> None:
        multivalued = [name for name in names if side_by_side or is_list(name)]
        self.header = _line([prefix + name for name in names] + [multi(prefix + name) for name in multivalued])
        self._names = names
        # Fields that only some answers have.
        self._blanks = ("",) * len(names)
        self._multivalued = [names.index(name) for name in multivalued]

    def of_each(self, found: Mapping[Key, Columns], tail: Callable[[str], Tail]) -> dict[Key, Tail]:
        """`tail(fragment)` for all keys; keys that share one object for their fields share one tail."""
        distinct = {id(columns): columns for columns in found.values()}
        tails = {identity: tail(self._of(columns)) for identity, columns in distinct.items()}
        return {key: tails[id(columns)] for key, columns in found.items()}

    def _of(self, columns: Columns) -> str:
        cells: list[Cell] = list(map(columns.get, self._names, self._blanks))
        # Long cells whose form is known, by place: the other cells are checked at once, which takes less time.
        several: dict[int, str] = {}
        for place in self._multivalued:
            cell = cells[place]
            if not isinstance(cell, str):
                # Only two or more values need the second form; a single value is plain.
                if len(cell) > 1:
                    several[place], several[len(cells)] = _quoted("\n".join(cell)), _cell(encode(cell))
                cells[place] = "" if len(cell) > 1 else "".join(cell)
            cells.append("")
        return _line(cells, several)  # type: ignore[arg-type]  # no list is left


def multi(name: str) -> str:
    """The column for the field's values if there are several."""
    return MULTIVALUE + name


def added_names(names: Iterable[str], prefix: str) -> list[str]:
    """Every column that the added fields may have."""
    plain = [prefix + name for name in names]
    return plain + [multi(name) for name in plain]


def _line(cells: list[str], encoded: Mapping[int, str] = MappingProxyType({})) -> str:
    """The cells as CSV. `encoded`: those that are in this form already, by place."""
    line = ",".join(cells)
    if _needs_quotes(line, commas=len(cells) - 1):
        cells = list(map(_cell, cells))
        line = ",".join(cells)
    if encoded:
        for place, cell in encoded.items():
            cells[place] = cell
        line = ",".join(cells)
    # JSON can hold an unpaired surrogate, which UTF-8 cannot encode.
    return line if line.isascii() else line.encode("utf-8", "replace").decode("utf-8")


def _cell(text: str) -> str:
    return _quoted(text) if _needs_quotes(text) else text


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _needs_quotes(text: str, commas: int = 0) -> bool:
    """Searches for one character each are faster than a pattern. `commas`: so many only separate cells."""
    return '"' in text or "\n" in text or "\r" in text or text.count(",") > commas


def decode(text: str) -> list[str]:
    """The values of a cell with several, in splunkd's form: `$a$;$b$`, with each `$` in a value doubled."""
    return [match.replace("$$", "$") for match in _ENCODED.findall(text)]


def encode(values: Sequence[str]) -> str:
    """The reverse of `decode`."""
    joined = "$;$".join(values)
    # Most values have no dollar sign.
    if joined.count("$") > 2 * (len(values) - 1):
        joined = "$;$".join(value.replace("$", "$$") for value in values)
    return f"${joined}$"


def each_of(values: Iterable[str], kind: Any) -> tuple[str, ...]:
    """`values`; a value that lists several of `kind` (None: of any kind) is replaced by these."""
    found = tuple(values)
    if not any(map(_MAY_BE_SEVERAL.search, found)):
        return found
    from vt_connectors.indicators import values_in

    return tuple(part for value in found for part in values_in(kind, value))
