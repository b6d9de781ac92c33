"""The search for the key: it finds it in every form, and real outputs do not have it."""

from __future__ import annotations

import base64
import gzip
import json
import sqlite3
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest

from bench.soak import secrets
from bench.soak.drill import KEY, Effort, assert_nothing_lost
from bench.soak.secrets_objects import holders
from vt_connectors.cache import Entry

pytestmark = pytest.mark.once

_BASIC = base64.b64encode(f"me:{KEY}".encode())
_PLANTED = {
    "as it is": KEY.encode(),
    "its first sixteen characters": KEY[:16].encode(),
    "base64": base64.b64encode(KEY.encode()),
    "base64 after one sign": base64.b64encode(b"x" + KEY.encode()),
    "base64 after two signs": base64.b64encode(b"xy" + KEY.encode()),
    "basic authentication": b"Authorization: Basic " + _BASIC,
    "base64 for addresses": base64.urlsafe_b64encode(b"\xff\xfe" + KEY.encode()),
    "percent": "".join(f"%{ord(sign):02X}" for sign in KEY).encode(),
    "in an address": f"https://x/?apikey={quote(KEY)}&y".encode(),
    "hex": KEY.encode().hex().encode(),
    "HEX": KEY.encode().hex().upper().encode(),
    "UTF-16": KEY.encode("utf-16"),
    "UTF-16 BE": KEY.encode("utf-16-be"),
    "JSON": json.dumps({"key": KEY}).encode(),
    "JSON escapes": "".join(f"\\u{ord(sign):04x}" for sign in KEY).encode(),
    "zlib": zlib.compress(b"a" * 5000 + KEY.encode()),
    "gzip": gzip.compress(KEY.encode()),
    "a kept answer": Entry("ok", {"names": [KEY]}, 0.0).to_bytes(),
}


def _search(folder: Path) -> list[str]:
    return secrets.search(Effort(folder)).losses


@pytest.mark.parametrize("form", _PLANTED)
@pytest.mark.parametrize("before", [0, 7_999_990, 8_100_000])
def test_a_planted_key_is_found_in_every_form_and_wherever_it_is(form: str, before: int, tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "output.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\0" * before + _PLANTED[form] + b"\r\n")
    assert _search(tmp_path)


@pytest.mark.parametrize("length", [1, 30_000])
def test_a_planted_key_is_found_in_a_database_however_its_pages_lie(length: int, tmp_path: Path) -> None:
    numbers = [str(number) for number in range(length)]
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.execute("CREATE TABLE answer (content BLOB)")
        db.execute("INSERT INTO answer VALUES (?)", (Entry("ok", {"names": [*numbers, KEY]}, 0.0).to_bytes(),))
    db.close()
    assert any("in a row" in loss for loss in _search(tmp_path))


def test_what_is_like_a_key_is_none(tmp_path: Path) -> None:
    (tmp_path / "output").write_bytes(KEY[:15].encode() + b"0 " + KEY[1:].encode() + zlib.compress(KEY[1:].encode()))
    tally = secrets.search(Effort(tmp_path))
    assert (tally.tried, tally.losses) == (1, [])


class _Holder:
    def __init__(self, held: object) -> None:
        self.held = held


class _Speaker:
    def __str__(self) -> str:
        return f"I have {KEY}"


@pytest.mark.parametrize("held", [KEY, [KEY.encode()], {"x": (f"apikey={KEY}&y",)}, lambda key=KEY: key, _Speaker()])
def test_an_object_that_holds_or_says_the_key_is_found(held: object) -> None:
    assert holders(_Holder([_Holder(held)]))


def test_nothing_shows_the_key(tmp_path: Path) -> None:
    assert_nothing_lost(secrets.tallies(Effort(tmp_path)))
