"""A file's content and name, as common tools give them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vt_connectors.actions.file_content import content_of, last_component
from vt_connectors.errors import InvalidRequest
from vt_connectors.virustotal.http.transport import HttpRequest, HttpResponse

from .conftest import Scenario
from .several import Played, Several, said

CONTENT = bytes(range(256)) * 3
USUAL = base64.b64encode(CONTENT).decode()
SAFE = base64.urlsafe_b64encode(CONTENT).decode()
WRITTEN = {
    "as `base64` writes it": "\n".join(textwrap.wrap(USUAL, 76)) + "\n",
    "as MIME has it": "\r\n".join(textwrap.wrap(USUAL, 76)) + "\r\n",
    "within a text that is indented": "\n    ".join(textwrap.wrap(USUAL, 64)),
    "URL-safe": SAFE,
    "URL-safe without padding": SAFE.rstrip("="),
    "URL-safe in lines": "\n".join(textwrap.wrap(SAFE, 76)),
    "without padding": USUAL.rstrip("="),
    "a data: URL": "data:application/octet-stream;base64," + USUAL,
    "a data: URL with a parameter": "data:text/plain;charset=utf-8;name=a.txt;base64," + USUAL,
    "a data: URL in capital letters": "DATA:;BASE64," + USUAL,
    "a data: URL that is escaped": "data:;base64," + USUAL.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN.keys())
def test_content_is_understood_as_common_tools_write_it(text: str, v3: Scenario) -> None:
    response = v3("scan_file", content_base64=text)
    assert response["status"] == "pending"
    assert response["data"]["hashes"]["sha256"] == hashlib.sha256(CONTENT).hexdigest()


@given(
    st.binary(min_size=1, max_size=300), st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]), st.booleans()
)
def test_content_comes_out_as_it_was_put_in(data: bytes, encode: Any, padded: bool) -> None:
    text = encode(data).decode()
    assert content_of(text if padded else text.rstrip("=")) == data


@given(st.text())
def test_anything_else_is_refused_and_nothing_worse(text: str) -> None:
    with contextlib.suppress(InvalidRequest):
        content_of(text)


NAMES = {
    "/home/somebody/cases/acme-breach/invoice.pdf": "invoice.pdf",
    "C:\\Users\\somebody\\Desktop\\invoice.pdf": "invoice.pdf",
    "\\\\server\\share\\somebody\\invoice.pdf": "invoice.pdf",
    "C:/Users/somebody\\invoice.pdf": "invoice.pdf",
    "C:invoice.pdf": "invoice.pdf",
    "../../somebody/invoice.pdf": "invoice.pdf",
    "somebody/invoice.pdf/": "invoice.pdf",
    "somebody\uff0finvoice.pdf": "invoice.pdf",
    "invoice.pdf": "invoice.pdf",
    "an invoice, 3:4.pdf": "an invoice, 3:4.pdf",
    ".bashrc": ".bashrc",
    "/": "file",
    "..": "file",
    "\\..\\.\\": "file",
    "C:": "file",
}


@pytest.mark.parametrize(("name", "last"), NAMES.items())
def test_of_a_file_name_the_last_component_is_left(name: str, last: str) -> None:
    assert last_component(name) == last


@given(st.text(alphabet="ab./\\:C \uff0f"))
def test_no_separator_is_left_and_a_name_stays_as_it_is(name: str) -> None:
    last = last_component(name)
    assert last
    assert not set(last) & set("/\\\uff0f")
    assert last_component(last) == last or ":" in last


def _sent_by(params: dict[str, Any], several: Several) -> bytes:
    sent: list[bytes] = []

    def say(request: HttpRequest) -> HttpResponse:
        assert request.upload is not None
        sent.append(request.upload.filename.encode())
        return said({"data": {"type": "analysis", "id": "1"}})

    response = several.core(Played(say)).answer({"action": "scan_file", "params": params})
    assert response["status"] == "pending"
    return sent[0]


def test_only_the_last_component_of_a_given_name_is_sent(tmp_path: Path) -> None:
    several = Several("memory")
    path = tmp_path / "somebody\\invoice.pdf"
    path.write_bytes(CONTENT)
    name = "/home/somebody/invoice.pdf"
    for params in (
        {"content_base64": USUAL, "filename": name},
        {"path": str(path)},
        {"path": str(path), "filename": name},
    ):
        assert _sent_by(params, several) == b"invoice.pdf"


def test_a_long_path_with_a_short_name_is_taken_and_a_long_name_is_refused(v3: Scenario) -> None:
    assert v3("scan_file", content_base64="YQ==", filename="/" + "folder/" * 100 + "a.txt")["status"] == "pending"
    error = v3("scan_file", content_base64="YQ==", filename="a" * 256)["error"]
    assert (error["code"], error["details"]["path"]) == ("invalid_request", "/params/filename")
