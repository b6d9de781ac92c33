"""A key is recognised in any encoding in a text or a file."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vt_connectors.api_key import ApiKey, may_hold_a_key

VALUE = "5ec4e7a1" * 8
KEY = ApiKey(VALUE)


def _percent(text: str) -> str:
    return "".join(f"%{ord(char):02X}" for char in text)


def _wide(text: str) -> str:
    """In letters of full width."""
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


TEXTS = {
    "as it is": VALUE,
    "in upper case": VALUE.upper(),
    "in both cases": VALUE.upper()[:32] + VALUE[32:],
    "percent-encoded": _percent(VALUE),
    "percent-encoded twice": quote(_percent(VALUE)),
    "percent-encoded in part": VALUE[:10] + _percent(VALUE[10:20]) + VALUE[20:],
    "percent-encoded hexadecimal digits": _percent(VALUE.encode().hex()),
    "hexadecimal digits": VALUE.encode().hex().upper(),
    "UTF-16": VALUE.encode("utf-16-le").decode("latin-1"),
    "full width": _wide(VALUE),
    "with what is not seen": "\u200b".join(VALUE),
    "over lines": "\r\n".join(VALUE[at : at + 10] for at in range(0, 64, 10)),
    "JSON escapes": "".join(f"\\u{ord(char):04x}" for char in VALUE),
    "escapes": "".join(f"\\x{ord(char):02x}" for char in VALUE),
    **{f"base64, shifted by {n}": base64.b64encode(b"x" * n + VALUE.encode() + b"tail").decode() for n in range(3)},
    **{f"base64url, shifted by {n}": base64.urlsafe_b64encode(b"?>" * n + VALUE.encode()).decode() for n in range(3)},
    "base64 over lines": base64.encodebytes(b"API key: " + VALUE.encode()).decode(),
    "base64 of UTF-16": base64.b64encode(("x" + VALUE).encode("utf-16-le")).decode(),
    "base64, percent-encoded": quote(base64.b64encode(VALUE.encode()).decode(), safe=""),
}


@pytest.mark.parametrize("form", TEXTS)
def test_a_text_that_has_the_key_is_reported_and_redacted(form: str) -> None:
    for text in (TEXTS[form], f"https://host.example/?k={TEXTS[form]}&x=1"):
        assert KEY.is_in(text)
        assert may_hold_a_key(text) or form in ("UTF-16", "full width", "with what is not seen", "over lines")
        assert not KEY.is_in(KEY.redact(text))
    assert KEY.redact(f"a {VALUE.upper()} b") == "a [key] b"


BYTES = {
    **{name: text.encode() for name, text in TEXTS.items() if not name.startswith(("percent-encoded ", "base64, per"))},
    "UTF-16 of little ends": VALUE.encode("utf-16-le"),
    "UTF-16 of big ends": VALUE.upper().encode("utf-16-be"),
}
for name in ("full width", "with what is not seen", "UTF-16"):
    del BYTES[name]


@pytest.mark.parametrize("form", BYTES)
def test_a_file_that_has_the_key_is_reported(form: str) -> None:
    assert KEY.is_in_bytes(b"\0" * 10 + BYTES[form] + b"\xff" * 10)
    assert len(BYTES[form]) <= KEY.longest_form


@pytest.mark.parametrize(
    "text",
    ["", VALUE[:-1], VALUE[1:], VALUE[:32] + "0" * 32, "%" * 200, "\\u00", base64.b64encode(b"x" * 64).decode()],
)
def test_other_texts_have_it_not(text: str) -> None:
    assert not KEY.is_in(text)
    assert not KEY.is_in_bytes(text.encode())
    assert KEY.redact(text) == text


@given(st.text())
def test_no_text_has_it_by_chance_and_none_is_too_odd_to_look_at(text: str) -> None:
    assert not KEY.is_in(text)
    assert not KEY.is_in_bytes(text.encode("utf-8", "surrogatepass"))
    assert KEY.is_in(text + VALUE + text)


def test_what_is_shorter_than_any_real_key_is_in_nothing() -> None:
    assert not ApiKey("sandbox").is_in("vtaction sandbox")
    assert not ApiKey("k").is_in_bytes(b"k")


def test_the_key_does_not_show_what_it_is_recognised_by() -> None:
    assert KEY.is_in(VALUE)
    assert KEY.is_in_bytes(VALUE.encode())
    assert VALUE[:16] not in repr(KEY)
    with pytest.raises(TypeError):
        vars(KEY)
    with pytest.raises(TypeError):
        json.dumps(KEY)
