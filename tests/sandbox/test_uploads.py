"""Uploads."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from typing import Any

import pytest

from vt_connectors.sandbox import Quota, SandboxConfig
from vt_connectors.sandbox.http.multipart import Multipart

from .calling import NOON, Caller, SettableClock, error_of
from .conftest import StartSandbox

CONTENT = b"--no\r\n--boundary here\r\n" * 9000  # looks like a boundary, and is longer than a block
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()


def upload(caller: Caller, content: bytes = CONTENT, **options: Any) -> Any:
    return caller.post("files", files={"file": ("sample.bin", content)}, **options)


def test_upload_becomes_an_analysis_of_its_hash(caller: Caller) -> None:
    ident = upload(caller).json()["data"]["id"]
    assert base64.b64decode(ident).decode() == f"{MD5}:{int(NOON)}"
    info = caller.get(f"analyses/{ident}").json()["meta"]["file_info"]
    assert (info["sha256"], info["md5"], info["size"]) == (SHA256, MD5, len(CONTENT))


def test_uploaded_file_has_a_report_by_every_hash(caller: Caller, clock: SettableClock) -> None:
    upload(caller)
    clock.advance(5)
    for ident in (SHA256, MD5, hashlib.sha1(CONTENT).hexdigest()):
        attributes = caller.data(f"files/{ident}")["attributes"]
        assert (attributes["size"], attributes["names"]) == (len(CONTENT), ["sample.bin"])
        assert attributes["last_analysis_date"] == int(NOON)


def test_password_is_sent_in_a_separate_part(caller: Caller) -> None:
    assert upload(caller, data={"password": "infected"}).status_code == 200


def test_body_may_come_in_chunks_of_transfer_coding(caller: Caller) -> None:
    head = b'--sep7\r\nContent-Disposition: form-data; name="file"; filename="s"\r\n\r\n'

    def pieces() -> Iterator[bytes]:
        yield from (head, CONTENT[:1000], CONTENT[1000:], b"\r\n--sep7--\r\n")

    headers = {"Content-Type": "multipart/form-data; boundary=sep7"}
    ident = caller.post("files", data=pieces(), headers=headers).json()["data"]["id"]
    assert base64.b64decode(ident).decode().startswith(MD5)


def test_upload_url_is_valid_for_one_upload(caller: Caller) -> None:
    address = caller.data("files/upload_url")
    first, second = (caller.session.post(address, files={"file": b"x"}, timeout=60) for _ in range(2))
    assert first.json()["data"]["type"] == "analysis"
    assert error_of(second)[:2] == (404, "NotFoundError")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing of the kind",
        b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\ncut off',
        b'--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--b--\r\n',
        b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n",
        b"--bad\r\n\r\n",
        b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''a\r\n\r\nx\r\n--b--\r\n",
    ],
)
def test_malformed_upload_is_a_bad_request(caller: Caller, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert error_of(caller.post("files", data=body, headers=headers))[:2] == (400, "BadRequestError")


def test_upload_that_is_not_multipart_is_a_bad_request(caller: Caller) -> None:
    assert error_of(caller.post("files", data=CONTENT))[:2] == (400, "BadRequestError")


def test_upload_over_the_limit_is_answered_in_html(start_sandbox: StartSandbox) -> None:
    config = SandboxConfig(direct_upload_limit=1000, upload_limit=5000)
    caller = Caller(start_sandbox(Quota.unlimited(), config=config).url)
    answer = upload(caller, b"x" * 3_000_000)
    assert answer.status_code == 413
    assert answer.headers["Content-Type"].startswith("text/html")
    assert upload(caller, b"x" * 500).status_code == 200
    address = caller.data("files/upload_url")
    assert caller.session.post(address, files={"file": b"x" * 3000}, timeout=60).status_code == 200


def test_body_that_hides_its_size_is_cut_at_the_limit(start_sandbox: StartSandbox) -> None:
    config = SandboxConfig(body_limit=1000)
    caller = Caller(start_sandbox(Quota.unlimited(), config=config).url)
    assert caller.post("urls", data=iter([b"url=" + b"x" * 2000])).status_code == 413


class TrickleReader:
    """A body that comes a few bytes at a time."""

    def __init__(self, content: bytes, step: int) -> None:
        self._content = io.BytesIO(content)
        self._step = step

    def read(self, size: int, /) -> bytes:
        return self._content.read(min(size, self._step))


@pytest.mark.parametrize("step", range(1, 12))
def test_parts_are_the_same_however_the_body_is_cut(step: int) -> None:
    content = b"\r\n--x\r\n\r--xy--\r\n-"
    head = b'Content-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    body = b"preamble\r\n--xyz\r\n" + head + content + b"\r\n--xyz--\r\n"
    parts = [
        (part.name, part.filename, b"".join(part.blocks))
        for part in Multipart(TrickleReader(body, step), b"xyz").parts()
    ]
    assert parts == [("file", "f", content)]


def test_a_url_may_come_in_a_multipart_form(caller: Caller) -> None:
    url = "http://unknown.example/?a=1&b=2"
    started = caller.post("urls", files={"url": (None, url)})
    analysis = caller.get(f"analyses/{started.json()['data']['id']}").json()
    assert analysis["meta"]["url_info"]["url"] == url
    assert caller.post("urls", files={"other": (None, url)}).status_code == 400
