"""Hashes with the names of their algorithms, as in logs; several hashes of one file are one value."""

from __future__ import annotations

import pytest

from vt_connectors.errors import InvalidIndicator
from vt_connectors.indicators import parse_as, recognise, values_in

_MD5 = "44d88612fea8a8f36de82e1278abb02f"
_SHA1 = "3395856ce81f2b7382dee72602f798b642f14140"
_SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
_IMPHASH = "f34d5f2d4577ed6d9ceec516c1f5a744"
_SSDEEP = "3:AIO9AJraNvsgzsVqSwlq5:AeXzsVqSwi"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"SHA256={_SHA256.upper()}", _SHA256),
        (f"md5:{_MD5}", _MD5),
        (f"sha-1: {_SHA1}", _SHA1),
        (f'"SHA256={_SHA256}"', _SHA256),
        (f"SHA1={_SHA1.upper()},MD5={_MD5.upper()},SHA256={_SHA256.upper()},IMPHASH={_IMPHASH.upper()}", _SHA256),
        (f"MD5={_MD5},SHA1={_SHA1}", _SHA1),
        (f"MD5={_MD5},IMPHASH={'0' * 32}", _MD5),
        (f"MD5: {_MD5} SHA256: {_SHA256}", _SHA256),
        (f"MD5={_MD5};SSDEEP={_SSDEEP};TLSH=T1{'A' * 70}", _MD5),
        (f"SHA1=,MD5={_MD5},SHA256=", _MD5),
        (f"MD5={_MD5},MD5={_MD5.upper()}", _MD5),
    ],
)
def test_the_strongest_supported_hash_is_used(text: str, value: str) -> None:
    assert parse_as("hash", text).value == value
    assert recognise(text).key == f"hash:{value}"
    assert values_in("hash", text) == values_in(None, text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        f"IMPHASH={_IMPHASH}",
        f"imphash:{_IMPHASH}",
        f"AUTHENTIHASH={_SHA256}",
        f"ssdeep={_SSDEEP}",
        f"TLSH={'A' * 64}",
        f"SHA512={'a' * 128}",
        f"MD5={_SHA256}",
        f"SHA256={_MD5}",
        "MD5=",
        f"MD5={_MD5} and more",
        f"CRC={_MD5}",
    ],
)
def test_other_labelled_texts_are_refused(text: str) -> None:
    for read in (recognise, lambda value: parse_as("hash", value)):
        with pytest.raises(InvalidIndicator):
            read(text)


@pytest.mark.parametrize("kind", ["url", "domain", "ip"])
def test_a_labelled_hash_is_invalid_as_another_kind(kind: str) -> None:
    with pytest.raises(InvalidIndicator):
        parse_as(kind, f"SHA256={_SHA256}")  # type: ignore[arg-type]


def test_the_hashes_of_two_files_are_a_list() -> None:
    other = _SHA256.replace("a", "b")
    text = f"SHA256={_SHA256},SHA256={other}"
    assert values_in("hash", text) == text.split(",")
    with pytest.raises(InvalidIndicator, match="list of 2 values"):
        parse_as("hash", text)
