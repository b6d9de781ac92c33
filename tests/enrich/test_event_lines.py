"""Bytes in pieces of any size come out as the same lines."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis.strategies as st
from hypothesis import given

from vt_connectors.adapters.enrich.event_lines import EventLines, Unreadable
from vt_connectors.adapters.runner.lines import LONGEST_BYTES

_PIECES = st.lists(st.binary(max_size=12).map(lambda piece: piece.replace(b"\x00", b"\n")), max_size=12)


def _lines(pieces: list[bytes]) -> Iterator[str]:
    lines = EventLines()
    for piece in pieces:
        yield from lines.feed(piece)
    if lines.has_begun:
        yield from lines.end()


def _written(lines: Iterator[str]) -> bytes:
    parts = (text if isinstance(text, Unreadable) and not text.ends else text + "\n" for text in lines)
    return "".join(parts).encode("utf-8", "surrogateescape")


@given(_PIECES)
def test_whatever_the_pieces_the_lines_are_those_of_the_whole(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert _written(_lines(pieces)) == whole + (b"" if whole.endswith(b"\n") or not whole else b"\n")


def test_a_line_that_is_too_long_is_given_in_parts_and_never_held_whole() -> None:
    piece = b"\xc3\xa4" * 20_000 + b"\xc3"
    pieces = [piece] * (3 * LONGEST_BYTES // len(piece)) + [b"end\nnext\n"]
    lines = list(_lines(pieces))
    assert max(len(part) for part in lines) <= LONGEST_BYTES + len(piece)
    assert _written(iter(lines)) == b"".join(pieces)
    assert [type(part) for part in lines[-2:]] == [Unreadable, str]


def test_a_line_that_is_not_utf8_does_not_make_its_neighbours_unreadable() -> None:
    assert [type(text) for text in _lines([b"a\n\xff\nb\n"])] == [str, Unreadable, str]
