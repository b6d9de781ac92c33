"""The fast path: appends the added fields to each record's bytes, without parsing every cell.

It takes bodies as splunkd writes them. Any other body raises `FastPathUnsupported` before a lookup or a reply;
`csv_path` then adds the fields.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat

from .cells import Values, decode
from .chunk_body import Body
from .layout import FastPathUnsupported as FastPathUnsupported
from .layout import Layout, layout_of

# Bytes to match at once, and the limit for a single record: `re` uses fifty times as much memory.
_BLOCK, _LONGEST_BLOCK = 1 << 18, 1 << 20
# Joined at once: larger blocks need new memory each time.
_RECORDS_AT_ONCE = 256
_LINES_AT_ONCE = 2048
# Up to this number of columns, it is faster to split lines into all cells than to count their commas.
_NARROW = 8
_LINE_END = b"\n"
# Marks keys that are multivalues; no cell begins with it.
MULTI = b","
_MAY_BE_SEVERAL = re.compile(rb"[ \t\r\n\f\v,;|]")

Key = bytes


@dataclass(frozen=True)
class Records:
    """`header` and `texts` have no line ends. Records with equal `keys` have the same indicators."""

    header: bytes
    texts: list[bytes]
    keys: list[Key]


def read(body: Body, field: str, added: Collection[str]) -> Records:
    """The records with their keys from `field`. Raises `FastPathUnsupported`, also if a column of `added` exists."""
    if not body.is_utf8:
        raise FastPathUnsupported
    lines = iter(body.lines)
    header = next(lines)
    layout = layout_of(header, field, added)
    texts = list(lines)
    if texts and not texts[-1]:
        texts.pop()
    if not body.quotes and not body.returns:
        keys = _keys_of_plain(texts, layout)
    else:
        texts, keys = _split(texts, layout)
    return Records(header, texts, keys)


def values_of(key: Key) -> Values:
    """The values that a key encodes."""
    if key[:1] == MULTI:
        return tuple(decode(_unquoted(key[1:])))
    text = _unquoted(key)
    return (text,) if text else ()


def may_hold_several(key: Key) -> bool:
    """A fast check whether a key may hold several values; most hold one."""
    return key[:1] == MULTI or _MAY_BE_SEVERAL.search(key) is not None


def parts(records: Records, header: bytes, tails: Sequence[bytes]) -> Iterator[bytes]:
    """The reply's body in pieces; `tails` are appended to the records, and have the line's end."""
    yield records.header + header
    for begin in range(0, len(tails), _RECORDS_AT_ONCE):
        end = begin + _RECORDS_AT_ONCE
        some = tails[begin:end]
        both = [b""] * (2 * len(some))
        both[::2], both[1::2] = records.texts[begin:end], some
        yield b"".join(both)


def _keys_of_plain(texts: Sequence[bytes], layout: Layout) -> list[Key]:
    """For lines without quotes: each line is a record, and each comma separates two cells."""
    if layout.width <= _NARROW:
        keys: list[Key] = []
        for begin in range(0, len(texts), _LINES_AT_ONCE):
            keys += _keys_of_narrow(texts[begin : begin + _LINES_AT_ONCE], layout)
        return keys
    if set(map(bytes.count, texts, repeat(b","))) - {layout.width - 1}:
        raise FastPathUnsupported
    if not layout.has_single_values(texts):
        return [_key_of_plain(text, layout) for text in texts]
    place = layout.plain
    if place == 0:
        return [text.partition(b",")[0] for text in texts]
    return [text.split(b",", place + 1)[place] for text in texts]


def _keys_of_narrow(texts: Sequence[bytes], layout: Layout) -> list[Key]:
    """Like `_keys_of_plain`, from the cells of all `texts`, with a cell for each line's end."""
    cells = (b",\n,".join(texts) + b",\n").split(b",")
    step = layout.width + 1
    if len(cells) != step * len(texts) or cells[layout.width :: step].count(_LINE_END) < len(texts):
        raise FastPathUnsupported
    plain = cells[layout.plain :: step]
    if layout.multi is None or not any(cells[layout.multi :: step]):
        return plain
    return list(map(_key, plain, cells[layout.multi :: step]))


def _key_of_plain(text: bytes, layout: Layout) -> Key:
    cells = text.split(b",")
    return _key(cells[layout.plain], cells[layout.multi] if layout.multi is not None else b"")


def _key(plain: bytes, several: bytes) -> Key:
    return plain if several in (b"", b'""') else MULTI + several


def _split(lines: Sequence[bytes], layout: Layout) -> tuple[list[bytes], list[Key]]:
    """For lines with quotes: a quoted cell may contain commas and line ends."""
    texts: list[bytes] = []
    keys: list[Key] = []
    records_in = layout.records()
    for block in _blocks(lines):
        found, *cells = zip(*records_in(block))
        # A consumed rest has an empty text, which is valid only for a record of one column.
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
    """Blocks of whole records, each with the LF at its end."""
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
