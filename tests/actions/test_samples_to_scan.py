"""Files to scan: each kind of error has its own message, before any request."""

from __future__ import annotations

import base64
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.responses import error_of
from vt_connectors.actions.file_sample import LARGEST_BYTES, opened
from vt_connectors.errors import InvalidRequest
from vt_connectors.observer import BytesSent
from vt_connectors.sandbox import SandboxConfig

from .conftest import MakeScenario, Scenario


def refused(scenario: Scenario, **params: Any) -> tuple[str, str, str]:
    """Code, path and message; no request was sent."""
    error = scenario("scan_file", **params)["error"]
    assert scenario.server.all_requests == []
    return error["code"], error["details"]["path"], error["message"]


def test_a_missing_file(v3: Scenario, tmp_path: Path) -> None:
    code, path, message = refused(v3, path=str(tmp_path / "gone.bin"))
    assert (code, path) == ("invalid_request", "/params/path")
    assert "gone.bin" in message
    assert "does not exist" in message


def test_a_folder(v3: Scenario, tmp_path: Path) -> None:
    code, path, message = refused(v3, path=str(tmp_path))
    assert (code, path) == ("invalid_request", "/params/path")
    assert "folder" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(v3: Scenario, tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"x")
    secret.chmod(0)
    code, path, message = refused(v3, path=str(secret))
    assert (code, path) == ("invalid_request", "/params/path")
    assert "cannot be read" in message


@pytest.mark.parametrize("path", ["a\x00b", "x" * 5000])
def test_what_cannot_be_a_path(v3: Scenario, path: str) -> None:
    assert refused(v3, path=path)[:2] == ("invalid_request", "/params/path")


def test_a_pipe_is_refused_and_not_waited_for(v3: Scenario, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refused(v3, path=str(tmp_path / "pipe"))[2]


def test_a_socket_is_refused(v3: Scenario, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        assert refused(v3, path=str(tmp_path / "s"))[:2] == ("invalid_request", "/params/path")


def test_an_empty_file(v3: Scenario, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert "empty" in refused(v3, path=str(tmp_path / "empty"))[2]


def test_a_file_of_700_mb(v3: Scenario, tmp_path: Path) -> None:
    large = tmp_path / "large.iso"
    with large.open("wb") as file:
        file.truncate(700 * 1024 * 1024)
    code, path, message = refused(v3, path=str(large))
    assert (code, path) == ("too_large", "/params/path")
    assert str(LARGEST_BYTES) in message


@pytest.mark.parametrize(
    "content", ["not base64!", "YWJjY", "YQ===", "a-b+", "data:text/plain,YWJj", "data:;base64,YWJ\u00e9"]
)
def test_what_is_not_base64(v3: Scenario, content: str) -> None:
    assert refused(v3, content_base64=content)[:2] == ("invalid_request", "/params/content_base64")


@pytest.mark.parametrize("params", [{}, {"path": "x", "content_base64": "YQ=="}, {"filename": "x"}])
def test_neither_or_both_of_path_and_content(v3: Scenario, params: dict[str, str]) -> None:
    assert refused(v3, **params)[:2] == ("invalid_request", "/params")


def test_unknown_parameters_are_an_error(v3: Scenario) -> None:
    assert refused(v3, content_base64="YQ==", wait=3)[:2] == ("invalid_request", "/params/wait")


def test_a_file_that_grows_while_it_is_sent_is_not_submitted(v3: Scenario, tmp_path: Path) -> None:
    growing = tmp_path / "growing.log"
    growing.write_bytes(b"x" * 3_000_000)

    def grow(sent: int, total: int) -> None:
        with growing.open("ab") as file:
            file.write(b"more")

    request = {"action": "scan_file", "params": {"path": str(growing)}}
    from vt_connectors.contract.documents import read_request

    error = error_of(v3.core.run(read_request(request), BytesSent(grow)))
    assert (error["code"], error["details"]["path"]) == ("invalid_request", "/params/path")
    assert "changed while it was read" in error["message"]
    assert [call for call in v3.calls if "analyses" in call] == []


@pytest.mark.parametrize("size", [0, 10])
def test_a_file_that_shrinks_or_grows_is_noticed(tmp_path: Path, size: int) -> None:
    changing = tmp_path / "changing"
    changing.write_bytes(b"x" * 5)
    with opened({"path": str(changing)}) as sample:
        os.truncate(changing, size)
        upload = sample.upload(lambda sent, total: None)
        with pytest.raises(InvalidRequest, match="changed"):
            upload.read(5) and upload.read(0)


def test_names_go_out_in_plain_ascii_and_cannot_leave_their_header(v3: Scenario) -> None:
    content = base64.b64encode(b"named").decode()
    answer = v3("scan_file", content_base64=content, filename='ü"\r\nX-Evil: 1; name="apikey".exe')
    assert answer["status"] == "pending"


def test_the_progress_of_an_upload_is_reported(v3: Scenario, tmp_path: Path) -> None:
    sample = tmp_path / "sample.bin"
    sample.write_bytes(b"x" * 500_000)
    from vt_connectors.contract.documents import read_request

    reported: list[tuple[int, int]] = []
    request = read_request({"action": "scan_file", "params": {"path": str(sample)}})
    v3.core.run(request, BytesSent(lambda *so: reported.append(so)))
    assert reported == sorted(reported)
    assert reported[-1] == (500_000, 500_000)
    assert len(reported) > 3


def test_a_key_that_may_not_list_analyses_asks_for_them_once(make_scenario: MakeScenario) -> None:
    v3 = make_scenario("3", config=SandboxConfig(resubmit_s=600))
    for _ in range(3):
        v3("scan_file", content_base64=base64.b64encode(b"the same file").decode())
    assert [call.split("/")[-1] for call in v3.calls] == ["files", "files", "analyses", "files"]


def test_a_file_too_large_for_the_key_says_nothing_of_smaller_ones(make_scenario: MakeScenario, tmp_path: Path) -> None:
    v2 = make_scenario("2")
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(33_000_000)
    error = error_of(v2("scan_file", path=str(large)))
    assert error["code"] == "forbidden"
    assert "more than 32 MB" in error["message"]
    assert v2("scan_file", content_base64=base64.b64encode(b"small").decode())["status"] == "pending"


def test_a_password_that_api_v2_does_not_take_says_nothing_of_files_without_one(make_scenario: MakeScenario) -> None:
    v2 = make_scenario("2")
    content = base64.b64encode(b"PK\x05\x06" + bytes(18)).decode()
    assert error_of(v2("scan_file", content_base64=content, password="infected"))["code"] == "forbidden"
    assert v2("scan_file", content_base64=content)["status"] == "pending"
