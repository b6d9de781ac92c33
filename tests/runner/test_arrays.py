"""A JSON array of requests: all of it is executed, or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.vtaction_process import RunnerProcess
from vt_connectors import strict_json
from vt_connectors.adapters.runner.json_lines import DocumentReader
from vt_connectors.adapters.runner.lines import LONGEST_BYTES, Document
from vt_connectors.adapters.runner.multiline_json import LONG_PATIENCE_S, PATIENCE_S
from vt_connectors.adapters.runner.request_lines import MOST_REQUESTS, requests_in
from vt_connectors.sandbox import SandboxServer

ALL: list[Any] = [{"id": number, "action": "quota", "params": {}} for number in (1, 2, 3)]
LINES = [json.dumps(request) for request in ALL]
LATER = json.dumps({"id": 9, "action": "quota", "params": {}}) + "\n"

WRITTEN = {
    "in one line": json.dumps(ALL),
    "pretty-printed": json.dumps(ALL, indent=2),
    "one element a line": "[\n" + ",\n".join(LINES) + "\n]",
    "one element a line, with the brackets on their lines": "[" + ",\n".join(LINES) + "]",
    "one element a line, indented": "[\n  " + ",\n  ".join(LINES) + "\n]",
    "with the commas in front": "[\n" + "\n,".join(LINES) + "\n]",
    "with line ends of Windows": "[\r\n" + ",\r\n".join(LINES) + "\r\n]",
    "with blank lines": "\n[\n\n" + ",\n\n".join(LINES) + "\n\n]\n",
    "with a mark of its order of bytes": "\ufeff[\n" + ",\n".join(LINES) + "\n]",
}


def read(text: str | bytes, *, piece: int = 11) -> list[Any]:
    """The requests, and the error code for an invalid one."""
    data = text.encode() if isinstance(text, str) else text
    reader = DocumentReader()
    found = [document for at in range(0, len(data), piece) for document in reader.feed(data[at : at + piece])]
    return reported([*found, *reader.end()])


def reported(found: list[Document]) -> list[Any]:
    every = [request for document in found for request in requests_in(document)]
    return [request.error.code if request.error else request.value for request in every]


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN.keys())
def test_an_array_is_its_requests_in_order_however_it_is_written(text: str) -> None:
    assert read(text) == ALL
    assert read(text + "\n" + LATER) == [*ALL, json.loads(LATER)]


BROKEN = {
    "in one line, a comma is missing": "[" + " ".join(LINES) + "]",
    "one a line, a comma is missing": "[\n" + LINES[0] + "\n" + ",\n".join(LINES[1:]) + "\n]",
    "one a line, all commas are missing": "[\n" + "\n".join(LINES) + "\n]",
    "a comma at the end": "[\n" + ",\n".join(LINES) + ",\n]",
    "one comma too many": "[\n" + ",,\n".join(LINES) + "\n]",
    "an element with a string that has no end": "[\n" + LINES[0] + ',\n{"id": "x},\n' + LINES[2] + "\n]",
    "an element without its bracket": "[\n" + LINES[0] + ',\n{"id": 1,\n' + LINES[2] + "\n]",
    "an element that is no JSON": "[\n" + LINES[0] + ",\n{'id': 1},\n" + LINES[2] + "\n]",
    "the first element is no JSON": "[{'id': 1},\n" + LINES[1] + ",\n" + LINES[2] + "\n]",
    "a comment": "[\n// all of them\n" + ",\n".join(LINES) + "\n]",
    "a number among them": "[\n" + LINES[0] + ",\n1,\n" + LINES[2] + "\n]",
    "an array among them": "[\n" + LINES[0] + ",\n[" + LINES[1] + "],\n" + LINES[2] + "\n]",
    "a constant that JSON has not": '[\n{"id": NaN},\n' + LINES[2] + "\n]",
    "empty": "[]",
    "empty, over two lines": "[\n]",
    "nested too deep": "[\n" + LINES[0] + ",\n" + "[" * 200 + "]" * 200 + ",\n" + LINES[2] + "\n]",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_nothing_of_a_broken_array_is_executed_and_it_has_one_answer(text: str) -> None:
    assert read(text) == ["invalid_request"]
    assert read(text + "\n", piece=4096) == ["invalid_request"]


@pytest.mark.parametrize("name", [name for name in BROKEN if "no end" not in name and "without" not in name])
def test_behind_the_end_of_a_broken_array_requests_are_executed(name: str) -> None:
    if name == "nested too deep":
        pytest.skip("its end is not looked for")
    assert read(BROKEN[name] + "\n" + LATER + LATER) == ["invalid_request", json.loads(LATER), json.loads(LATER)]


@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "with blank lines"])
def test_nothing_of_an_array_that_is_cut_off_is_executed_wherever_it_is_cut(name: str) -> None:
    data = WRITTEN[name].strip("\n").encode()
    for end in range(data.index(b"[") + 1, len(data)):
        assert read(data[:end]) == ["invalid_request"], data[:end]


def test_an_undecodable_line_breaks_its_array() -> None:
    text = "[\n" + LINES[0] + ",\n"
    assert read(text.encode() + b'{"id": "\xff"},\n' + LINES[2].encode() + b"\n]\n" + LATER.encode()) == [
        "invalid_request",
        json.loads(LATER),
    ]


def test_a_line_that_is_too_long_breaks_its_array() -> None:
    text = "[\n" + LINES[0] + ',\n{"id": "' + "x" * LONGEST_BYTES + '"},\n' + LINES[2] + "\n]\n" + LATER
    assert read(text, piece=65536) == ["invalid_request", json.loads(LATER)]


A, B = LINES[0], LINES[1]
LONG = "x" * (LONGEST_BYTES + 100_000)

# Each first line is invalid, or cannot begin an array.
BEGINS_BROKEN = {
    "a line break within a string": '[{"id": "a", "comment": "one\ntwo"}},\n',
    "a line break within a string with brackets": '[{"id": "a", "comment": "one\ntwo ] three"}},\n',
    "a line break behind an escape": '[{"id": "a", "comment": "one \\\ntwo ]]] \\" ]"},\n',
    "a string without an end": '[{"id": "a},\n',
    "a byte that is no UTF-8": b'[{"id": "\xff"},\n',
    "a byte that is no UTF-8, without a comma": b'[{"id": "\xff"}\n',
    "a space of another encoding": b"\xa0[\n",
    "a word": "[x,\n",
    "a comment": "[ // all of them\n",
    "a number": "[1,\n",
    "a number without a comma": "[1\n",
    "a string": '["a",\n',
    "a comma": "[,\n",
    "an element without its comma": "[" + A + "\n",
    "half an element": '[{"id": 1\n',
    "half a name": '[{"id\n',
    "a line that is too long": '[{"x": "' + LONG + '"},\n',
    "a line that is too long, with brackets in a string": '[{"x": "' + LONG + ']]}}]"},\n',
    "a line that is too long, with escapes": '[{"x": "' + '\\"]' * (LONGEST_BYTES // 2) + '"},\n',
    "spaces before a line that is too long": "\u00a0 [" + " " * LONGEST_BYTES + "\n",
    "a mark of its order of bytes": "\n\ufeff[\n",
    "two marks of its order of bytes": "\ufeff\ufeff[\n",
    "a no-break space": "\u00a0[\n",
    "a space without a width": "\u200b[\n",
    "a form feed": "\f[\n",
    "a vertical tab": "\v [" + A + ",\n",
    "a zero byte": "\0[" + A + ",\n",
}


def as_bytes(first: str | bytes) -> bytes:
    return first if isinstance(first, bytes) else first.encode()


@pytest.mark.parametrize("first", BEGINS_BROKEN.values(), ids=BEGINS_BROKEN.keys())
@pytest.mark.parametrize("rest", [B + "\n]\n", B + ",\n" + B + "\n]\n", B + "]\n", B + "\n" + B + "\n]\n"])
def test_nothing_of_an_array_that_begins_broken_is_executed_and_what_stands_behind_it_is(
    first: str | bytes, rest: str
) -> None:
    later = json.loads(LATER)
    whole = LATER.encode() + as_bytes(first) + rest.encode()
    assert read(whole, piece=4099) == [later, "invalid_request"]
    assert read(whole + LATER.encode(), piece=65536) == [later, "invalid_request", later]


@pytest.mark.parametrize("opening", ["[[\n", "[" + A + ",[\n", "\ufeff[\n[\n", "[{{\n"])
def test_nothing_behind_a_bracket_too_many_is_executed(opening: str) -> None:
    later, *found = read(LATER + opening + B + "\n]\n")
    assert later == json.loads(LATER)
    assert set(found) == {"invalid_request"}


def test_behind_a_line_that_is_nested_very_deep_requests_are_executed() -> None:
    text = "[" * 500_000 + "]" * 500_000 + "\n" + LATER
    assert read(text, piece=65536) == ["invalid_request", json.loads(LATER)]


@pytest.mark.parametrize("ended", ["]", '"}]', '"}]}]'])
def test_the_end_of_an_array_is_seen_in_its_line_that_is_too_long(ended: str) -> None:
    for first in ("", "[\n" + A + ",\n"):
        text = first + ("" if first else "[") + '{"x": "' + LONG + ended + "\n" + LATER
        expected: list[Any] = ["invalid_request"] + ([] if ended == "]" else [json.loads(LATER)])
        if ended == "]":
            expected += ["invalid_request"]  # the string has no end, and it may be that nothing ends the array
        assert read(text, piece=4099) == expected


@pytest.mark.parametrize("first", ["[" + A + ",", "[" + A, "[", "[{", '[{"id": 1,', "[1,", "[x,", "[" + A + "\n" + A])
def test_a_pause_between_the_elements_of_an_array_executes_none_of_them(first: str) -> None:
    reader = DocumentReader()
    found: list[Document] = []
    for line in (first, B, B, "x", "]"):
        found += reader.feed(line.encode() + b"\n")
        found += reader.quiet(LONG_PATIENCE_S - 0.1)
    assert reported(found) == ["invalid_request"]
    assert reported(reader.feed(LATER.encode())) == [json.loads(LATER)]


def test_an_array_with_pauses_between_its_lines_is_executed_whole() -> None:
    reader = DocumentReader()
    found: list[Document] = []
    for line in ("[" + A + ",", B, "]"):
        assert found == []
        found = [*reader.feed(line.encode() + b"\n"), *reader.quiet(LONG_PATIENCE_S - 0.1)]
    assert reported(found) == ALL[:2]


@pytest.mark.parametrize(
    "lines",
    [
        ('{"title": "x",', '"requests": [', B, "]}"),
        ('{"title": "x",', '"requests":', "[", B, "]}"),
        ("{", '"requests": [' + A + ",", B, "]", "}"),
        ("{", '"requests": [', B, ",", B, "]", "}"),
        ('{"title": "x", "all": {', '"requests": [', B, "]}}"),
    ],
)
def test_an_object_with_an_array_is_one_document_whichever_line_the_array_begins_in(lines: tuple[str, ...]) -> None:
    text = "\n".join(lines)
    assert read(text + "\n" + LATER) == [json.loads(text), json.loads(LATER)]


@pytest.mark.parametrize(
    "lines",
    [
        ("[x,", B, "]}"),
        ('[{"id": "a", "comment": "one', 'two"}},', B, "]}"),
        ("[", '{"id": "\xff"},', B, "]}"),
        ("[", '{"x": "' + LONG + '"},', B, "]}"),
        ("[", "x", B, "]}"),
        ("[", B, B, "]}"),
        ("[" + A + ",", "x,", B, "]}"),
    ],
)
def test_nothing_of_a_broken_array_within_an_object_is_executed(lines: tuple[str, ...]) -> None:
    text = '{"title": "x",\n"requests": ' + "\n".join(lines) + "\n" + LATER
    assert read(text.encode("latin-1"), piece=4099) == ["invalid_request", json.loads(LATER)]


@pytest.mark.parametrize(
    "line", ["x", "x [", "]", '{"id": "\xff"}', '{"a": [1', '{"a": [x', '"[', "[x]", "[1] x", "{[]"]
)
def test_a_bad_line_that_is_no_beginning_of_an_array_costs_one_answer_and_the_rest_continues(line: str) -> None:
    text = (line + "\n").encode("latin-1")
    assert read(text + (LATER * 3).encode()) == ["invalid_request", *[json.loads(LATER)] * 3]


def test_an_array_is_passed_over_although_nothing_of_it_could_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise MemoryError

    reader = DocumentReader()
    monkeypatch.setattr(json, "loads", fails)
    monkeypatch.setattr(strict_json, "loads_once", fails)
    found = reader.feed(("[" + A + ",\n").encode())
    monkeypatch.undo()
    found += reader.feed((B + "\n]\n" + LATER).encode())
    assert reported(found) == ["internal", json.loads(LATER)]


def test_an_array_that_is_too_long_is_refused_whole() -> None:
    count = LONGEST_BYTES // len(LINES[0]) + 10
    text = "[\n" + ",\n".join([LINES[0]] * count) + "\n]\n"
    assert read(text + LATER, piece=65536) == ["invalid_request", json.loads(LATER)]


def test_an_array_with_too_many_requests_is_refused_whole() -> None:
    assert read("[" + ",".join(["{}"] * (MOST_REQUESTS + 1)) + "]", piece=65536) == ["invalid_request"]
    assert len(read("[" + ",".join(["{}"] * MOST_REQUESTS) + "]", piece=65536)) == MOST_REQUESTS


def test_an_array_within_an_object_that_breaks_off_is_executed_in_no_part() -> None:
    text = '{"requests": [\n' + ",\n".join(LINES) + "\n"
    assert read(text) == ["invalid_request"]
    assert read(text + "x]}\n" + LATER) == ["invalid_request", json.loads(LATER)]
    assert read(text + "]}\n") == [{"requests": ALL}]


def test_the_elements_are_waited_for_and_then_refused_together() -> None:
    reader = DocumentReader()
    for line in ("[", *[line + "," for line in LINES]):
        assert reader.feed(line.encode() + b"\n") == []
        assert reader.quiet(LONG_PATIENCE_S - 0.1) == []
    assert reported(reader.quiet(LONG_PATIENCE_S)) == ["invalid_request"]
    assert reported(reader.feed(LATER.encode())) == [json.loads(LATER)]


def test_behind_a_broken_array_without_an_end_requests_are_executed_after_a_pause() -> None:
    reader = DocumentReader()
    assert reported(reader.feed(("[\n" + "\n".join(LINES[:2]) + "\n").encode())) == ["invalid_request"]
    assert reader.feed((LINES[2] + "\n" + LATER).encode()) == []
    assert reader.quiet(LONG_PATIENCE_S - 0.1) == []
    assert [document.line for document in reader.quiet(LONG_PATIENCE_S)] == [4, 5]
    assert reported(reader.feed(LATER.encode())) == [json.loads(LATER)]


def test_no_line_behind_a_broken_array_without_an_end_is_executed_or_left_without_an_answer() -> None:
    text = "[\n" + "\n".join(LINES[:2]) + "\n" + LATER * 3000
    assert read(text, piece=65536) == ["invalid_request"] * 3001


def test_an_array_whose_line_end_was_forgotten_is_taken_when_its_sender_waits() -> None:
    for text in WRITTEN.values():
        reader = DocumentReader()
        assert reported(reader.feed(text.rstrip("\n").encode())) == []
        assert reported(reader.quiet(PATIENCE_S)) == ALL


def test_a_message_says_where_the_array_begins_where_it_breaks_and_that_nothing_was_executed() -> None:
    reader = DocumentReader()
    (found,) = reader.feed(b"\n[\n{},\n{}\n{}\n]\n")
    assert found.error is not None
    assert found.error.details["line"] == 2
    for part in ("line 2 ", "line 5", "none of it was executed"):
        assert part in found.error.message


def _comment(number: int) -> str:
    params = {"indicator": f"{number}.example.com", "comment": f"seen {number}"}
    return json.dumps({"id": number, "action": "add_comment", "params": params})


@pytest.mark.parametrize(
    "text", ["[\n{0},\n{1},\n{2}\n", "[\n{0},\n{1}\n{2}\n]\n", "[{0},\n{1},\n{2}", "[{0}, {1} {2}]", "[x,\n{0}\n]\n"]
)
def test_no_comment_of_a_broken_array_is_posted(text: str, sandbox: SandboxServer, run: RunnerProcess) -> None:
    for number in range(3):
        text = text.replace(f"{{{number}}}", _comment(number))
    answers = run(text).lines
    assert [answer["error"]["code"] for answer in answers] == ["invalid_request"]
    assert sandbox.all_requests == []


def test_each_request_of_an_array_is_executed_once_and_answered_in_order(
    sandbox: SandboxServer, run: RunnerProcess
) -> None:
    text = "[\n" + ",\n".join(_comment(number) for number in range(3)) + "\n]"
    done = run(text, '{"id": 3, "action": "quota", "params": {}}')
    assert [answer["id"] for answer in done.lines] == [0, 1, 2, 3]
    assert len([request for request in sandbox.all_requests if request.method == "POST"]) == 3
    assert done.exit_code in (0, 1)


def test_a_request_of_an_array_that_is_wrong_by_itself_costs_its_own_answer_only(run: RunnerProcess) -> None:
    done = run('[{"id": 1, "action": "nothing", "params": {}}, {"id": 2, "action": "quota", "params": {}}]')
    assert [(answer["id"], answer["status"]) for answer in done.lines] == [(1, "error"), (2, "ok")]
