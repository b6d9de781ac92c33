"""The fast path and the CSV path give the same result as the SDK's records."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from package.splunkd_driver.csv_body import Record, decode_body, encode_body, parse_records
from vt_connectors.contract.documents import Cost, Options, Outcome, response
from vt_connectors.contract.response import Response
from vt_connectors.indicators import Kind
from vt_connectors.quota.waiters import Claim
from vtlookup_app import result_fields as columns
from vtlookup_app.chunks import csv_path as rows
from vtlookup_app.chunks import fast_path as fast_path
from vtlookup_app.chunks import protocol as pipe
from vtlookup_app.chunks.cells import added_names
from vtlookup_app.chunks.chunk_body import Body
from vtlookup_app.chunks.csv_path import add_fields
from vtlookup_app.chunks.protocol import Input
from vtlookup_app.chunks.reply import AddedFields
from vtlookup_app.options import SearchOptions
from vtlookup_app.search.command import VtLookup
from vtlookup_app.search.enrichment import Enrichment
from vtlookup_app.warning_collector import WarningCollector

FIELD = "x"
TEXTS = st.text(st.sampled_from('ab$;,"\n\r \0\u2028\x85ü😀\uffff'), max_size=8)
VALUES = st.one_of(TEXTS, st.sampled_from(["", "known"]), st.lists(TEXTS, min_size=2, max_size=4))
NAMES = ["y", "a b", "_raw", "vt_names", "vt_status", 'q"q']


class Echoing:
    """A core that answers with the request, with difficult lists and texts.

    `batches`: for each lookup, whether it was part of a batch.
    """

    def __init__(self) -> None:
        self.batches: list[bool] = []

    def look_up_at_hand(
        self,
        kind: Kind | None,
        values: Iterable[str],
        options: Options,
        claim: Claim | None = None,
        *,
        after_refusal: bool = False,
    ) -> dict[str, Response]:
        return {}

    def look_up(self, kind: Kind | None, value: str, options: Options, claim: Claim | None = None) -> Response:
        self.batches.append(claim is not None and claim.batch)
        data = {
            "verdict": "malicious",
            "label": value,
            "names": [value, f"{value}$"],
            "tags": [value],
            "raw": {"v": value},
        }
        return response("lookup", None, Outcome("ok", "", data, "api"), Cost(requests=1), 0.0)

    def end_batch(self) -> None:
        return None


@st.composite
def chunks(draw: st.DrawFn) -> tuple[list[str], list[Record]]:
    fields = [FIELD, *draw(st.lists(st.sampled_from(NAMES), unique=True))]
    rows = draw(st.lists(st.fixed_dictionaries(dict.fromkeys(fields, VALUES)), max_size=6))
    return draw(st.permutations(fields)), rows


def command(prefix: str, raw: bool) -> VtLookup:
    made = VtLookup()
    made._search = SearchOptions(None, FIELD, prefix, None, 0.0, "default", raw)
    made._enrichment = Enrichment(Echoing(), made._search, WarningCollector())
    return made


def body_of(content: bytes) -> Body:
    """As it is read from the pipe."""
    source: Any = io.BytesIO(b"chunked 1.0,2,%d\n{}" % len(content) + content)
    chunk = Input(source).chunk()
    assert chunk is not None
    return chunk.body


def quickly(made: VtLookup, body: str) -> str:
    fields = AddedFields(made._search)
    chunk = body_of(body.encode())
    reply = fields.reply(chunk, lambda values: made._enrich(values, preview=False), final=True)
    content = b"".join(reply.parts)
    assert len(content) == reply.size
    assert chunk.lines == [] or not content
    return content.decode()


def by_text(made: VtLookup, body: str) -> str:
    search = made._search
    names = columns.names(search.raw)
    added, _ = rows.add_fields(body, FIELD, names, search.prefix, lambda values: made._enrich(values, preview=False))
    return added


def _values(cell: object) -> tuple[str, ...]:
    if isinstance(cell, list):
        return tuple(str(value) for value in cell)
    return (str(cell),) if cell not in (None, "") else ()


def enriched(made: VtLookup, records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What the command is to do, with the SDK's records: slow and plain."""
    search, held = made._search, list(records)
    own = columns.used_by_events(held[0] if held else (), columns.names(search.raw), search.prefix)
    names = [name for name in columns.names(search.raw) if name not in own]
    values = [_values(record.get(search.field)) for record in held]
    found = made._enrich(values, preview=False)
    for record, key in zip(held, values):
        added = {search.prefix + name: found[key][name] for name in names}
        kept = {name: value for name, value in record.items() if name not in added}
        yield {**kept, **added}


def plainly(made: VtLookup, body: str) -> str:
    from splunklib.searchcommands.internals import RecordWriterV2

    writer = RecordWriterV2(io.BytesIO())
    writer.write_records(enriched(made, made._read_csv_records(io.StringIO(body))))
    return str(writer._buffer.getvalue())


def is_quick(body: str, prefix: str = "vt_") -> bool:
    """Whether the quick way takes it."""
    try:
        fast_path.read(body_of(body.encode()), FIELD, added_names(columns.names(True), prefix))
    except fast_path.FastPathUnsupported:
        return False
    return True


def records_of(body: str) -> list[Record]:
    header, rows = decode_body(body.encode("utf-8"))
    return parse_records(header, rows)


@settings(max_examples=150, deadline=None)
@given(chunks(), st.sampled_from(["vt_", "", "p."]), st.booleans(), st.integers(1, 40))
def test_all_ways_give_the_same_events(
    chunk: tuple[list[str], list[Record]], prefix: str, raw: bool, block: int
) -> None:
    fields, events = chunk
    body = encode_body(fields, events).decode()
    with patch.object(pipe, "_BLOCK", block):
        quick = quickly(command(prefix, raw), body)
    assert quick == by_text(command(prefix, raw), body)
    records = records_of(quick)
    if events:
        assert records == records_of(plainly(command(prefix, raw), body))
    added = {prefix + name for name in columns.names(raw)}
    for before, after in zip(events, records):
        for name in set(fields) - added:
            assert after[name] == before[name]
    assert len(records) == len(events)
    assert is_quick(body, prefix) or not added.isdisjoint(fields)


@settings(max_examples=2000, deadline=None)
@given(st.text(st.sampled_from('x,"\n\r$a\0;'), max_size=30), st.sampled_from(["x\n", "x,y\n", "y,__mv_x,x\n", ""]))
@example('"x\n', "x\n").via("a quote that is not closed")
@example('a"b,"c"d\n', "x,y\n").via("quotes in the middle")
@example("$a$;$b$,\n,x\n", "__mv_x,x\n").via("several values in a line without quotes")
@example("a,\n", "x,__mv_x\n").via("an empty last cell")
@example(',""\n\n', "x,y\n").via("a blank line behind quotes")
def test_any_text_at_all_is_done_alike_by_both_quick_ways(text: str, header: str) -> None:
    body = header + text
    assert quickly(command("vt_", False), body) == by_text(command("vt_", False), body)


@pytest.mark.parametrize(
    "body",
    [
        *(
            "x\na\rb\n",
            "x\r\na\r\n",
            "x,y\na\n",
            "x,y\n\n",
            "x,y\na,b,c\n",
            "x,y\na\nb,c,d\n",
            "x,y\na,b,c\nd\n",
            'x\n"a\n',
            'x\na"b\n',
            'x\n"a"b\n',
        ),
        *("x,x\na,b\n", "y\na\n", "vt_status,x\na,b\n", "__mv_vt_names,x\na,b\n", '"x\n",y\na,b\n', "\nx\na\n"),
        'x\n"' + "a" * (1 << 20) + '"\n',
    ],
)
def test_the_quick_way_takes_nothing_it_was_not_proved_for(body: str) -> None:
    assert not is_quick(body)
    assert quickly(command("vt_", False), body) == by_text(command("vt_", False), body)


@pytest.mark.parametrize("body", ["x\n", "x", "x\na", "x\n\n", '"x","y"\n"a\nb","c ""d"""\ne,f\n', "x\n\0\u2028\x85\n"])
def test_the_quick_way_takes_what_splunkd_may_write(body: str) -> None:
    assert is_quick(body)
    assert quickly(command("vt_", False), body) == by_text(command("vt_", False), body)


def test_bytes_that_are_no_utf8_are_replaced_as_the_sdk_does() -> None:
    made = command("vt_", False)
    reply = AddedFields(made._search).reply(
        body_of(b"x,y\n\xff,\xc3\xbc\n"), lambda values: made._enrich(values, preview=False), final=True
    )
    (record,) = records_of(b"".join(reply.parts).decode())
    assert (record["x"], record["y"], record["vt_label"]) == ("\ufffd", "ü", "\ufffd")


def test_what_a_preview_says_of_an_indicator_is_not_kept() -> None:
    search = command("vt_", False)._search
    fields = AddedFields(search)

    def enrich(status: str) -> Any:
        return lambda values: {value: {**columns.empty(), "status": status} for value in values}

    said = [
        b"".join(fields.reply(body_of(b"x\na\n"), enrich(status), final=final).parts)
        for status, final in [("pending", False), ("ok", True), ("asked again", True)]
    ]
    assert [records_of(body.decode())[0]["vt_status"] for body in said] == ["pending", "ok", "ok"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=2, max_size=2)))
def test_any_text_at_all_comes_through(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="\n")
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([[FIELD, "y"], *rows])
    body, _ = add_fields(
        out.getvalue(), FIELD, ["status"], "vt_", lambda keys: {key: {"status": "s\r\n"} for key in keys}
    )
    assert [list(record.values()) for record in records_of(body)] == [[*row, "s\r\n"] for row in rows]


def test_a_bare_carriage_return_outside_of_quotes_is_a_character_of_its_value() -> None:
    seen: list[tuple[str, ...]] = []

    def enrich(keys: Any) -> Any:
        seen.extend(keys)
        return {key: {"status": "s"} for key in keys}

    assert add_fields("x,y\na\rb,c\rd\n", "x", ["status"], "", enrich) == ("x,y,status\na\rb,c\rd,s\n", 1)
    assert seen == [("a\rb",)]


def test_half_a_character_in_an_answer_does_not_lose_the_chunk() -> None:
    body, _ = add_fields("x\na\n", "x", ["names"], "", lambda keys: {key: {"names": ["\ud800", "ü"]} for key in keys})
    assert records_of(body) == [{"x": "a", "names": ["?", "ü"]}]


def test_a_search_of_one_value_is_interactive_and_one_of_more_a_batch() -> None:
    core = Echoing()
    enrichment = Enrichment(core, SearchOptions(None, FIELD, "vt_", None, 0.0, "default", False), WarningCollector())
    enrichment.columns_for(["a"], preview=False)
    assert core.batches == [False]
    enrichment.columns_for(["a"], preview=False)
    enrichment.columns_for(["b"], preview=False)
    enrichment.columns_for(["c", "d"], preview=False)
    assert core.batches == [False, True, True, True]
