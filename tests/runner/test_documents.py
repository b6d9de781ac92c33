"""Bytes to documents: the answers, their time and their cost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vt_connectors.adapters.runner.json_lines import DocumentReader
from vt_connectors.adapters.runner.lines import LONGEST_BYTES, Document
from vt_connectors.adapters.runner.multiline_json import LONG_PATIENCE_S, PATIENCE_S
from vt_connectors.adapters.runner.partial_json import MOST_NESTED, PartialJson

GOOD = {"action": "quota", "params": {}}
LINE = json.dumps(GOOD).encode() + b"\n"
PRETTY = json.dumps(GOOD, indent=2).encode() + b"\n"


def reported(found: list[Document]) -> list[Any]:
    """Values, and for errors the line they name."""
    return [document.value if document.error is None else document.error.details["line"] for document in found]


def all_of(text: bytes, *, piece: int = 7) -> list[Any]:
    reader = DocumentReader()
    found = [document for at in range(0, len(text), piece) for document in reader.feed(text[at : at + piece])]
    return reported([*found, *reader.end()])


# What no further text makes JSON.
BROKEN = [
    b'{"a": "breaks off within a string',
    b'{"a": tru',
    b'{"a": -',
    b'{"a": 1.',
    b'{"a": 01',
    b'{"a": "\\x"',
    b'{"a": NaN',
    b'{"a" 1',
    b"{,",
    b'{"a": 1]',
    b'{"a": [1,]',
    b'{"a": 1} {',
    b'{"a": 1}}',
    b"{bad",
    b"{1: 2",
    b'{"a": "\xff"',
    b'{"a": "tab\there"',
    b"nul",
    b'"text',
    b"}",
]


@pytest.mark.parametrize("line", BROKEN)
def test_a_line_that_can_never_become_json_is_answered_at_once(line: bytes) -> None:
    reader = DocumentReader()
    assert reported(reader.feed(line + b"\n")) == [1]
    assert reported(reader.feed(LINE)) == [GOOD]


# What may go on in the next line.
OPEN = [
    b"{",
    b'{"a"',
    b'{"a":',
    b'{"a": ',
    b'{"a": 1',
    b'{"a": "x"',
    b'{"a": 1,',
    b'{"a": [',
    b'{"a": [1',
    b'{"a": {"b": []',
    b'{"action": "lookup_hash", ',
]


@pytest.mark.parametrize("line", OPEN)
def test_a_line_that_may_go_on_waits_for_the_next_and_no_longer_than_its_patience(line: bytes) -> None:
    reader = DocumentReader()
    assert reader.feed(line + b"\n") == []
    patience_s = LONG_PATIENCE_S if line == b"{" else PATIENCE_S
    assert reader.quiet(patience_s - 0.1) == []
    assert reported(reader.quiet(patience_s)) == [1]
    assert reported(reader.feed(LINE)) == [GOOD]


@pytest.mark.parametrize("line", OPEN)
def test_a_request_behind_a_line_that_breaks_off_is_never_taken_for_its_rest(line: bytes) -> None:
    reader = DocumentReader()
    assert reported([*reader.feed(line + b"\n"), *reader.feed(LINE)]) == [1, GOOD]
    assert reader.end() == []


@pytest.mark.parametrize("line", [*OPEN, *BROKEN])
def test_a_spread_request_behind_a_line_that_breaks_off_is_understood_in_the_end(line: bytes) -> None:
    assert all_of(line + b"\n" + PRETTY + LINE) == [1, GOOD, GOOD]
    assert all_of(line + b"\n" + PRETTY) == [1, GOOD]


@pytest.mark.parametrize("indent", [0, 1, 2, "\t"])
def test_an_object_may_be_spread_over_lines_with_pauses_between_them(indent: int | str) -> None:
    value = {"id": {"a": [], "b": [1, {"c": '}\\"{'}, None, True, -1.5e3]}, **GOOD}
    reader = DocumentReader()
    found: list[Document] = []
    for line in json.dumps(value, indent=indent).encode().splitlines(keepends=True):
        assert found == []
        found += [*reader.feed(line), *reader.quiet(LONG_PATIENCE_S - 0.1)]
    found += reader.feed(b"\n\n")
    assert reported(found) == [value]


def test_blank_lines_are_passed_over_even_within_an_object() -> None:
    assert all_of(b"\n \n" + PRETTY.replace(b"\n", b"\r\n\n \r\n") + LINE) == [GOOD, GOOD]


def test_an_object_whose_line_end_was_forgotten_is_taken_when_its_sender_waits() -> None:
    for text in (LINE[:-1], PRETTY[:-1]):
        reader = DocumentReader()
        assert reader.feed(text) == []
        assert reader.quiet(PATIENCE_S - 0.1) == []
        assert reported(reader.quiet(PATIENCE_S)) == [GOOD]
        assert reader.quiet(60) == []
        assert reader.feed(b"  \n") == []
        assert reported(reader.feed(b"x\n")) == [text.count(b"\n") + 2], "the count of lines goes on"


def test_half_a_line_is_waited_for() -> None:
    reader = DocumentReader()
    assert reader.feed(LINE[:10]) == []
    assert reader.quiet(3600) == []
    assert reported(reader.feed(LINE[10:])) == [GOOD]


def test_at_a_terminal_people_have_time_to_type() -> None:
    reader = DocumentReader(at_terminal=True)
    assert reader.feed(b'{"action": "quota",\n') == []
    assert reader.quiet(LONG_PATIENCE_S - 0.1) == []
    assert reported(reader.feed(b'"params": {}}\n')) == [GOOD]


def test_a_line_that_is_too_long_is_answered_before_its_end_and_once() -> None:
    reader = DocumentReader()
    found = reader.feed(b"x" * (LONGEST_BYTES + 1))
    assert reported(found) == [1]
    assert reader.feed(b"x" * LONGEST_BYTES) == []
    assert reported(reader.feed(b"x\n" + LINE)) == [GOOD]
    exact = b'{"a": "' + b"x" * (LONGEST_BYTES - 9) + b'"}'
    assert len(exact) == LONGEST_BYTES
    assert reported(reader.feed(exact + b"\n")) == [json.loads(exact)]


def test_an_object_that_is_too_long_is_answered_once_and_not_held() -> None:
    lines = [b'{"a": [', *[b'"%s",' % (b"x" * 1000)] * 2000, b"1]}"]
    reader = DocumentReader()
    found = [document for line in lines for document in reader.feed(line + b"\n")]
    assert reported([*found, *reader.feed(LINE)]) == [1, GOOD]
    assert "longer than" in str(found[0].error)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_is_bounded_in_one_line_and_over_many(opening: bytes) -> None:
    deep = b'{"a": ' + opening * MOST_NESTED
    closing = (b"]" if opening == b"[" else b"}") * MOST_NESTED
    assert all_of(deep + b"1" + closing + b"}\n") == [1]
    fits = b'{"a": ' + opening * (MOST_NESTED - 1) + b"1" + closing[1:] + b"}\n"
    assert all_of(fits) == [json.loads(fits)]
    spread = all_of(deep.replace(opening, opening + b"\n") + b"1\n" + closing + b"}\n" + LINE, piece=4096)
    assert spread[0] == 1
    assert spread[-1] == GOOD
    assert all(isinstance(line, int) for line in spread[:-1])


def cost(text: bytes) -> float:
    """Characters looked at for each byte."""
    reader = DocumentReader()
    for at in range(0, len(text), 4096):
        reader.feed(text[at : at + 4096])
    reader.end()
    return reader.examined / len(text)


def _lines(first: bytes, each: bytes, last: bytes, count: int) -> bytes:
    return b"\n".join([first, *[each] * count, last, b""])


SHAPES = {
    "a pretty-printed request": (b'{"action": "quota", "params": {}, "x": [', b'  "abcdefgh",', b"1]}"),
    "one that never ends": (b'{"a": [', b"  1,", b""),
    "one that breaks at its end": (b'{"a": [', b"  1,", b"x"),
    "objects that break at their end": (b'{"a": [', b'{"b": 1},', b"x"),
    "objects that never end": (b"{", b'{"b":', b"x"),
    "names of objects that never end": (b'{"b":', b'{"b":', b""),
    "long lines that never end": (b"{", b'{"x": "%s", "b":' % (b"y" * 5000), b"x"),
    "requests within an array": (b'{"a": [', b'{"action": 1}', b"]}"),
    "blank lines": (b"{", b"", b"}"),
    "strings without an end in a broken array": (b"[x", b'{"id": "x},', b"]"),
    "broken arrays": (b"[x", b"[[", b"]"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_cost_of_a_byte_does_not_grow_with_what_comes(shape: str) -> None:
    few, many = (cost(_lines(*SHAPES[shape], count)) for count in (100, 3000))
    assert many <= max(few, 1) * 1.5
    assert many <= 8


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20),
       st.integers(0, 300), st.integers(1, 50))  # fmt: skip
def test_what_json_reads_is_whole_and_every_part_of_it_is_open_or_broken(value: Any, cut: int, piece: int) -> None:
    text = json.dumps({"id": value, **GOOD}, indent=1)
    assert PartialJson().add(text) == "whole"
    assert PartialJson().add(text[: cut % len(text)]) != "whole"
    assert all_of(text.encode() + b"\n", piece=piece) == [json.loads(text)]


@given(
    st.lists(
        st.sampled_from([b"{", b"}", b"[", b"]", b'"', b":", b",", b'"a"', b"1", b"null", b" ", b"\n", b"\\", b"x"])
    )
)
def test_a_prefix_of_a_whole_document_is_never_broken_and_json_agrees(parts: list[bytes]) -> None:
    text = b"".join(parts).decode()
    try:
        json.loads(text)
    except ValueError:
        assert PartialJson().add(text) != "whole"
    else:
        assert not text.lstrip().startswith(("{", "[")) or PartialJson().add(text) == "whole"


@given(
    st.lists(
        st.sampled_from([b"{", b"}", b"[", b'{"a": [', b"1,", b'{"b": 1},', LINE[:-1], PRETTY[:-1], b"x", b" ", b"]}"])
    )
)
def test_every_line_is_part_of_exactly_one_answer_in_order(lines: list[bytes]) -> None:
    reader = DocumentReader()
    found = [document for line in lines for document in reader.feed(line + b"\n")]
    numbers = [document.line for document in [*found, *reader.end()]]
    assert numbers == sorted(set(numbers))
    starts = [number for number, line in enumerate(b"\n".join(lines).split(b"\n"), 1) if line.strip()]
    assert set(numbers) <= set(starts)
    assert bool(numbers) == bool(starts)


def test_a_failure_of_ours_costs_each_line_in_hand_one_answer_and_the_next_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = DocumentReader()
    assert reader.feed(b'{"a": 1,\n"b": 2,\n') == []

    def fails(*_: Any, **__: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(PartialJson, "add", fails)
    found = reader.feed(b'"c": 3}\n')
    monkeypatch.undo()
    assert [(document.line, document.error.code if document.error else None) for document in found] == [
        (1, "internal"),
        (2, "internal"),
        (3, "internal"),
    ]
    assert reported(reader.feed(LINE)) == [GOOD]
