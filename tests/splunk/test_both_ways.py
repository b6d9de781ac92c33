"""The quick way through a chunk's text gives what the plain way through the SDK's records gives."""

from __future__ import annotations

import csv
import io
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Options
from connectors.indicators import Kind
from search_csv import Record, decode_body, encode_body, parse_records
from vtlookup_app.command import VtLookup
from vtlookup_app.enrichment import Enrichment
from vtlookup_app.heard_warnings import HeardWarnings
from vtlookup_app.rows import add_fields
from vtlookup_app.search_options import SearchOptions

FIELD = "x"
TEXTS = st.text(st.sampled_from('ab$;,"\n\r \0\u2028\x85ü😀\uffff'), max_size=8)
VALUES = st.one_of(TEXTS, st.sampled_from(["", "known"]), st.lists(TEXTS, min_size=2, max_size=4))
NAMES = ["y", "a b", "_raw", "vt_names", "vt_status", 'q"q']


class Echoing:
    """A core that answers with what it was asked, every list and text a nasty one."""

    def look_up(self, kind: Kind | None, value: str, options: Options) -> dict[str, Any]:
        data = {
            "verdict": "malicious",
            "label": value,
            "names": [value, f"{value}$"],
            "tags": [value],
            "raw": {"v": value},
        }
        meta = {"source": "api", "age_s": 0, "requests": 1, "waited_s": 0.0, "quota": {}}
        return {"status": "ok", "error": None, "data": data, "meta": meta}


@st.composite
def chunks(draw: st.DrawFn) -> tuple[list[str], list[Record]]:
    fields = [FIELD, *draw(st.lists(st.sampled_from(NAMES), unique=True))]
    rows = draw(st.lists(st.fixed_dictionaries(dict.fromkeys(fields, VALUES)), max_size=6))
    return draw(st.permutations(fields)), rows


def command(prefix: str, raw: bool) -> VtLookup:
    made = VtLookup()
    made._search = SearchOptions(None, FIELD, prefix, None, 0.0, "default", raw)
    made._enrichment = Enrichment(Echoing(), made._search, HeardWarnings())
    return made


def quickly(made: VtLookup, body: str) -> list[Record]:
    made._record_writer = SimpleNamespace(_buffer=io.StringIO())
    made._finished = False
    made._execute_chunk_v2(None, (SimpleNamespace(preview=False), body))
    return records_of(made._record_writer._buffer.getvalue())


def plainly(made: VtLookup, body: str) -> list[Record]:
    from splunklib.searchcommands.internals import RecordWriterV2

    out = io.BytesIO()
    writer = RecordWriterV2(out)
    writer.write_records(made.stream(made._read_csv_records(io.StringIO(body))))
    return records_of(writer._buffer.getvalue())


def records_of(body: str) -> list[Record]:
    header, rows = decode_body(body.encode("utf-8"))
    return parse_records(header, rows)


@settings(max_examples=100, deadline=None)
@given(chunks(), st.sampled_from(["vt_", "", "p."]), st.booleans())
def test_both_ways_give_the_same_events(chunk: tuple[list[str], list[Record]], prefix: str, raw: bool) -> None:
    fields, rows = chunk
    body = encode_body(fields, rows).decode()
    quick, plain = quickly(command(prefix, raw), body), plainly(command(prefix, raw), body)
    if rows:
        assert quick == plain
    added = {name for name in (quick[0] if quick else {}) if name not in fields or name.startswith(prefix or "\0")}
    for before, after in zip(rows, quick):
        for name in set(fields) - added:
            assert after[name] == before[name]
    assert len(quick) == len(rows)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=2, max_size=2)))
def test_any_text_at_all_comes_through(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="\n")
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([[FIELD, "y"], *rows])
    body = add_fields(out.getvalue(), FIELD, ["status"], "vt_", lambda keys: {key: {"status": "s\r\n"} for key in keys})
    assert [list(record.values()) for record in records_of(body)] == [[*row, "s\r\n"] for row in rows]


def test_a_bare_carriage_return_outside_of_quotes_is_a_character_of_its_value() -> None:
    seen: list[tuple[str, ...]] = []

    def enrich(keys: Any) -> Any:
        seen.extend(keys)
        return {key: {"status": "s"} for key in keys}

    assert add_fields("x,y\na\rb,c\rd\n", "x", ["status"], "", enrich) == "x,y,status\na\rb,c\rd,s\n"
    assert seen == [("a\rb",)]


def test_half_a_character_in_an_answer_does_not_lose_the_chunk() -> None:
    body = add_fields("x\na\n", "x", ["names"], "", lambda keys: {key: {"names": ["\ud800", "ü"]} for key in keys})
    assert records_of(body) == [{"x": "a", "names": ["?", "ü"]}]
