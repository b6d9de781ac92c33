"""Forms are read as they were written, and what is no form is refused."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from requests import Request

from vt_connectors.actions.file_sample import ReceivedFile
from vt_connectors.adapters.http.messages import Call, Refused
from vt_connectors.adapters.http.pass_through.forms import read_form

NAMES = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=10)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=50)


def call_with(body: bytes, content_type: str) -> Call:
    return Call("POST", "/", "", {"content-type": content_type}, io.BytesIO(body), len(body), "id")


def written(values: list[tuple[str, str]], content: bytes, filename: str) -> tuple[bytes, str]:
    prepared = Request("POST", "http://x/", data=values, files={"file": (filename, content)}).prepare()
    assert isinstance(prepared.body, bytes)
    return prepared.body, str(prepared.headers["Content-Type"])


def content_of(file: ReceivedFile) -> bytes:
    read = file.opened()
    return b"".join(iter(lambda: read(1000), b""))


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, TEXTS), max_size=5), st.binary(max_size=300))
@example([], b"")
@example([("a", "\r\n--")], b"\r\n--\r\n--")
def test_values_and_file_are_those_that_were_sent(values: list[tuple[str, str]], content: bytes) -> None:
    values = [(name, text) for name, text in values if name != "file"]
    form = read_form(call_with(*written(values, content, "name.bin")))
    assert sorted(form.values) == sorted(values)
    assert form.file is not None
    assert (form.file.name, form.file.size) == ("name.bin", len(content))
    assert content_of(form.file) == content
    assert form.file.opened()(7) == content[:7]


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 200_000])
def test_a_file_may_be_larger_than_the_blocks_in_which_it_is_read(size: int) -> None:
    content = (b"\r\n--" * (size // 4 + 1))[:size]
    form = read_form(call_with(*written([("apikey", "token")], content, "x")))
    assert form.file is not None
    assert content_of(form.file) == content
    assert form.values == (("apikey", "token"),)


@pytest.mark.parametrize("after", range(5))
def test_the_line_break_after_the_last_boundary_may_come_in_a_piece_of_its_own(after: int) -> None:
    empty, content_type = written([], b"", "x")
    assert empty.endswith(b"--\r\n")
    content = b"a" * (2 * 65_536 + after - len(empty))
    body = empty.replace(b"\r\n\r\n", b"\r\n\r\n" + content, 1)
    assert len(body) == 2 * 65_536 + after
    form = read_form(call_with(body, content_type))
    assert form.file is not None
    assert content_of(form.file) == content


@settings(deadline=None)
@given(
    st.one_of(st.binary(max_size=200), st.just(b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b')),
    st.one_of(
        st.sampled_from(
            ["multipart/form-data; boundary=b", "multipart/form-data", "application/x-www-form-urlencoded"]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map("multipart/form-data;".__add__),
    ),
)
def test_anything_else_is_refused_or_has_no_file(body: bytes, content_type: str) -> None:
    assert _status(call_with(body, content_type)) in (200, 400, 413)


def _status(call: Call) -> int:
    try:
        form = read_form(call)
    except Refused as refused:
        return refused.status
    return 200 if form.file is None else 0


@pytest.mark.parametrize(
    ("body", "values"),
    [
        (b"", ()),
        (b"&", ()),
        (b"a=1&&b=%C3%A9+x&", (("a", "1"), ("b", "\u00e9 x"))),
        (b"a=1&a=2", (("a", "1"), ("a", "2"))),
        (b"a=", (("a", ""),)),
    ],
)
def test_a_url_encoded_form_may_have_empty_pieces(body: bytes, values: tuple[tuple[str, str], ...]) -> None:
    assert read_form(call_with(body, "application/x-www-form-urlencoded")) == (values, None)


@pytest.mark.parametrize("body", [b"a", b"a=1&b", b"a=\xff", b"a=%ff", b"&".join([b"a=1"] * 51)])
def test_a_url_encoded_form_that_could_be_understood_differently_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_form(call_with(body, "application/x-www-form-urlencoded"))
    assert refused.value.status == 400


def test_too_many_fields_and_too_long_ones_are_refused() -> None:
    for values, status in (([("a", "1")] * 100, 400), ([("a", "x" * 100_000)], 413)):
        with pytest.raises(Refused) as refused:
            read_form(call_with(*written(values, b"content", "x")))
        assert refused.value.status == status
