"""The quick way to add fields: every record stays the bytes it came as, and its fragment is put behind it.

It is for bodies as splunkd writes them. Whatever else may come raises `FastPathUnsupported` before anything is asked or
written, and `rows` does it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat

from .cells import MULTIVALUE, Values, multi
from .chunk_body import Body
from .multivalue import decode

# A quoted field, or one without quotes: by Python's `csv` they mean the same in every version.
_FIELD = rb'(?:"[^"]*(?:""[^"]*)*"|[^",\r\n]*)'
# What is matched at once, and what not even a single record may exceed: `re` remembers fifty times as much.
_BLOCK, _LONGEST_BLOCK = 1 << 18, 1 << 20
_RECORDS_AT_ONCE = 4096
# No cell begins so: it marks keys that are multivalues.
MULTI = b","
_MAY_BE_SEVERAL = re.compile(rb"[ \t\r\n\f\v,;|]")

Key = bytes


class FastPathUnsupported(Exception):
    """The body is not of the kind that this way was proved for."""


@dataclass(frozen=True)
class Records:
    """`header` and `texts` are without their line ends. Records with equal `keys` have the same indicators."""

    header: bytes
    texts: list[bytes]
    keys: list[Key]


def read(body: Body, field: str, added: Collection[str]) -> Records:
    """The records, and what each holds in `field`. Raises `FastPathUnsupported`; also where a column of `added` is there."""
    if not body.is_utf8:
        raise FastPathUnsupported
    lines = iter(body.lines)
    header = next(lines)
    layout = _layout(header, field, added)
    texts = list(lines)
    if texts and not texts[-1]:
        texts.pop()
    if not body.quotes and not body.returns:
        keys = _keys_of_plain(texts, layout)
    else:
        texts, keys = _split(texts, layout)
    return Records(header, texts, keys)


def values_of(key: Key) -> Values:
    """The indicators that a key stands for."""
    if key[:1] == MULTI:
        return tuple(decode(_unquoted(key[1:])))
    text = _unquoted(key)
    return (text,) if text else ()


def may_hold_several(key: Key) -> bool:
    """Whether a glance at the key leaves it open; most keys hold one value."""
    return key[:1] == MULTI or _MAY_BE_SEVERAL.search(key) is not None


def parts(records: Records, header: bytes, tails: Sequence[bytes]) -> Iterator[bytes]:
    """The reply's body in pieces; `tails` are what is put behind each record, with the line's end."""
    yield records.header + header
    for begin in range(0, len(tails), _RECORDS_AT_ONCE):
        end = begin + _RECORDS_AT_ONCE
        some = tails[begin:end]
        both = [b""] * (2 * len(some))
        both[::2], both[1::2] = records.texts[begin:end], some
        yield b"".join(both)


@dataclass(frozen=True)
class _Layout:
    """Where the field is: the places of its plain and its multivalue column, and how many columns there are.

    From the place `own` on there are multivalue columns only.
    """

    plain: int
    multi: int | None
    width: int
    own: int

    def has_single_values(self, texts: Sequence[bytes]) -> bool:
        """Whether that shows at a glance: in no record there is anything from the multivalue column on."""
        return self.multi is None or all(map(bytes.endswith, texts, repeat(b"," * (self.width - self.multi))))

    def records(self) -> Callable[[bytes], list[tuple[bytes, ...]]]:
        """Gives each record of a block: its text, and its `plain` and `multi` cells in the order they have in it."""
        cells = [_FIELD] * self.width
        for place in self.places:
            cells[place] = b"(%s)" % _FIELD
        record, rest = b",".join(cells[: self.own]), b",".join(cells[self.own :])
        if rest:
            # Most have one value a field, which is seen at once.
            record += b"(?:,{%d}|,%s)" % (self.width - self.own, rest)
        # What is no record swallows the block: looked for further on, it would take the square of the time.
        return re.compile(b"(%s)\n|(?s:.+)" % record).findall

    @property
    def places(self) -> list[int]:
        return [self.plain] if self.multi is None else sorted((self.plain, self.multi))


def _layout(header: bytes, field: str, added: Collection[str]) -> _Layout:
    if not header or header.count(b'"') % 2 or b"\r" in header or b"\0" in header:
        raise FastPathUnsupported
    names = next(csv.reader([header.decode("utf-8")]))
    if len(set(names)) < len(names) or field not in names or not set(names).isdisjoint(added):
        raise FastPathUnsupported
    several = names.index(multi(field)) if multi(field) in names else None
    own = len(names)
    while own > 1 and names[own - 1].startswith(MULTIVALUE):
        own -= 1
    return _Layout(names.index(field), several, len(names), own)


def _keys_of_plain(texts: Sequence[bytes], layout: _Layout) -> list[Key]:
    """Of lines without quotes: a line is a record, a comma parts two cells."""
    if set(map(bytes.count, texts, repeat(b","))) - {layout.width - 1}:
        raise FastPathUnsupported
    if not layout.has_single_values(texts):
        return [_key_of_plain(text, layout) for text in texts]
    place = layout.plain
    if place == 0:
        return [text.partition(b",")[0] for text in texts]
    return [text.split(b",", place + 1)[place] for text in texts]


def _key_of_plain(text: bytes, layout: _Layout) -> Key:
    cells = text.split(b",")
    return _key(cells[layout.plain], cells[layout.multi] if layout.multi is not None else b"")


def _key(plain: bytes, several: bytes) -> Key:
    return plain if several in (b"", b'""') else MULTI + several


def _split(lines: Sequence[bytes], layout: _Layout) -> tuple[list[bytes], list[Key]]:
    """Lines with quotes among them: a quoted cell may hold commas and go on over the line's end."""
    texts: list[bytes] = []
    keys: list[Key] = []
    records_in = layout.records()
    for block in _blocks(lines):
        found, *cells = zip(*records_in(block))
        # The swallowed rest leaves an empty text, as only a record of one column may have.
        if b"\n".join([*found, b""]) != block or (layout.width > 1 and not found[-1]):
            raise FastPathUnsupported
        texts += found
        plain = cells[layout.places.index(layout.plain)]
        if layout.multi is None:
            keys += plain
        else:
            keys += map(_key, plain, cells[layout.places.index(layout.multi)])
    return texts, keys


def _blocks(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Whole records, some at once, each with the LF at its end."""
    at_once = max(1, _BLOCK * len(lines) // (sum(map(len, lines)) + 1))
    rest = iter(lines)
    while some := list(islice(rest, at_once)):
        if sum(map(bytes.count, some, repeat(b'"'))) % 2:
            some += _to_closing_quote(rest)
        some.append(b"")
        block = b"\n".join(some)
        if len(block) > _LONGEST_BLOCK:
            raise FastPathUnsupported
        yield block


def _to_closing_quote(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield line
        if line.count(b'"') % 2:
            return
    raise FastPathUnsupported


def _unquoted(cell: bytes) -> str:
    text = cell.decode("utf-8")
    return text[1:-1].replace('""', '"') if text[:1] == '"' else text
