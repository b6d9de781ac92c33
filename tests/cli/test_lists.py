"""Lists of values on stdin, as editors and shells write them."""

from __future__ import annotations

import codecs
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vtaction_process import EICAR, RunnerProcess
from vt_connectors.config.text_encoding import Lines, decoded

VALUES = [EICAR, "8.8.8.8", "b\u00fccher.example"]
TEXT = "\r\n".join(VALUES) + "\r\n"
WRITTEN = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with a mark": codecs.BOM_UTF8 + TEXT.encode(),
    "UTF-16 as PowerShell writes it": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16, the other order": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "two files, one behind the other": b"".join(codecs.BOM_UTF8 + value.encode() + b"\n" for value in VALUES),
    "no end of the last line": codecs.BOM_UTF8 + TEXT.strip().encode(),
    "blank lines": b"\n \n" + TEXT.replace("\r\n", "\n\n\t\n").encode(),
    "line ends of old": TEXT.replace("\r\n", "\r").encode(),
}


@pytest.mark.parametrize("data", WRITTEN.values(), ids=WRITTEN.keys())
@pytest.mark.parametrize("size", [1, 2, 3, 5, 65536])
def test_a_list_is_its_values_however_it_is_written_and_comes(data: bytes, size: int) -> None:
    lines = Lines()
    found = [value for at in range(0, len(data), size) for value in lines.feed(data[at : at + size])]
    assert [*found, *lines.end()] == VALUES


@given(st.lists(st.binary(max_size=20)))
def test_any_bytes_are_lines_and_nothing_is_raised(pieces: list[bytes]) -> None:
    lines = Lines()
    found = [value for piece in pieces for value in lines.feed(piece)] + lines.end()
    assert all(value and value == value.strip() and "\n" not in value for value in found)


@given(st.text(), st.sampled_from(["utf-8-sig", "utf-16"]))
def test_a_text_with_a_mark_is_decoded(text: str, encoding: str) -> None:
    text = text.lstrip("\ufeff")
    assert decoded(text.encode(encoding, "replace")) == text.encode("utf-8", "replace").decode()


def test_nothing_is_no_value() -> None:
    for data in (b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"\n"):
        lines = Lines()
        assert [*lines.feed(data), *lines.end()] == []


@pytest.mark.parametrize("name", ["UTF-8 with a mark", "UTF-16 as PowerShell writes it"])
def test_a_list_of_windows_is_looked_up(name: str, run: RunnerProcess) -> None:
    given = WRITTEN[name].replace(b"8.8.8.8", b"0" * 32) if "UTF-8" in name else WRITTEN[name]
    done = run.ended(("lookup_hash", "-"), {}, stdin=given)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers[0]["status"] == "ok"
    assert len(answers) == len(VALUES)
    assert b"Traceback" not in done.stderr


def test_bytes_that_are_no_text_cost_their_value_only(run: RunnerProcess) -> None:
    done = run.ended(("lookup_hash", "-"), {}, stdin=b"caf\xe9.example\n" + EICAR.encode() + b"\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["error"] and answer["error"]["code"] for answer in answers] == ["invalid_indicator", None]
