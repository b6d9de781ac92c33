"""Events survive the way to a search command and back."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from package.splunkd_driver.csv_body import (
    ProtocolError,
    Record,
    decode_body,
    decode_multivalue,
    encode_body,
    encode_multivalue,
    parse_records,
)
from package.splunkd_driver.wire import encode_frame, read_frame

# Neither a lone surrogate nor a NUL can be in an event.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = TEXT | st.lists(TEXT, min_size=2)

HARD_TEXTS = [
    "ünïcode 🦠",
    'say "hi"',
    "a,b",
    "two\nlines",
    "cr\rlf\r\n",
    "\x0b\x85\u2028",
    "_key",
    " pad ",
    "$;",
]


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_text_comes_back_as_it_went(text: str) -> None:
    record: Record = {"field": text, "many": [text, "other", text]}
    assert parse_records(*decode_body(encode_body(["field", "many"], [record]))) == [record]


@given(st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES})))
def test_any_events_come_back_as_they_went(records: list[Record]) -> None:
    assert parse_records(*decode_body(encode_body(["a", "b"], records))) == records


@given(st.lists(TEXT, min_size=2))
def test_any_several_values_come_back_as_they_went(values: list[str]) -> None:
    assert decode_multivalue(encode_multivalue(values)) == values


def test_several_values_are_written_with_doubled_dollars() -> None:
    assert encode_multivalue(["a$", ";b", ""]) == "$a$$$;$;b$;$$"


def test_a_single_value_is_written_without_a_multivalue_column() -> None:
    assert encode_body(["a"], [{"a": ["x"]}, {"a": []}, {}]) == b'a,"__mv_a"\nx,\n,\n,\n'


def test_a_body_is_written_as_splunkd_writes_it() -> None:
    body = encode_body(["age", "_chunked_idx"], [{"age": ["1", "2"], "_chunked_idx": "0"}])
    assert body == b'age,"_chunked_idx","__mv_age","__mv__chunked_idx"\n"1\n2",0,$1$;$2$,\n'


def test_the_sdks_order_of_columns_and_line_ends_are_understood() -> None:
    body = b"a,__mv_a,b,__mv_b\r\n1,,x\r\n"[:-3] + b'"p\nq",$p$;$q$\r\n'
    assert parse_records(*decode_body(body)) == [{"a": "1", "b": ["p", "q"]}]


@pytest.mark.parametrize("encoded", ["a", "$a", "$a$b$", "$a$;", "$a$;b", ";$a$"])
def test_a_broken_multivalue_is_refused(encoded: str) -> None:
    with pytest.raises(ProtocolError, match="multivalue"):
        decode_multivalue(encoded)


@pytest.mark.parametrize("body", [b"a,b\n1\n", b"a\n1,2\n", b"a,a\n1,2\n", b'a\n"1\n', b"a\n\xff\n"])
def test_a_broken_body_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_body(body)


@given(st.dictionaries(TEXT, TEXT), st.lists(st.fixed_dictionaries({"a": TEXT})))
def test_a_frame_declares_its_lengths_in_bytes(metadata: dict[str, str], records: list[Record]) -> None:
    body = encode_body(["a"], records)
    stream = io.BytesIO(encode_frame(metadata, body) + encode_frame({}))
    reply = read_frame(stream)
    assert reply is not None
    assert (reply.metadata, reply.records, reply.body) == (metadata, records, body)
    assert read_frame(stream) is not None
    assert read_frame(stream) is None


@pytest.mark.parametrize(
    "frame",
    [b"hello\n", b"chunked 1.0,2\n{}", b"chunked 1.0,9,0\n{}", b"chunked 1.0,2,0\n[]", b"chunked 1.0,1,0\n{"],
)
def test_a_broken_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_frame(io.BytesIO(frame))
