"""Downloads through `/api/v3/`: off unless the server was started so, checked, and with a limit."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from vt_connectors.sandbox import Licence, SandboxConfig

from ...scripted_server import ScriptedServer, answer
from ..serving import EVERYTHING, KEY, READER, serving
from .clients import vt_py

EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
PREMIUM = SandboxConfig(licences=frozenset({Licence.PREMIUM}))


def test_vt_py_downloads_a_file_whose_hash_was_checked(tmp_path: Path) -> None:
    found = io.BytesIO()
    with serving(tmp_path, config=PREMIUM, download_bytes=1024) as server, vt_py(server.url, EVERYTHING) as client:
        client.download_file(EICAR, found)
    assert hashlib.sha256(found.getvalue()).hexdigest() == EICAR


def test_a_download_needs_the_right_raw_and_the_licence(tmp_path: Path) -> None:
    with serving(tmp_path, download_bytes=1024) as server:
        for token in (READER, EVERYTHING):
            reply = server.call("GET", f"/api/v3/files/{EICAR}/download", token)
            assert (reply.status_code, reply.json()["error"]["code"]) == (403, "ForbiddenError")


@pytest.mark.parametrize(("content", "status"), [(b"another file", 502), (b"x" * 2000, 413)])
def test_another_or_a_larger_file_is_not_passed_on(tmp_path: Path, content: bytes, status: int) -> None:
    with ScriptedServer() as upstream, serving(tmp_path, VT_API_URL=upstream.url, download_bytes=1000) as server:
        upstream.script(answer(302, headers={"Location": f"{upstream.url}/stored"}), answer(200, content))
        reply = server.call("GET", f"/api/v3/files/{EICAR}/download")
        assert [each.headers.get("x-apikey") for each in upstream.received] == [KEY, None]
    assert reply.status_code == status
    assert content not in reply.content


@pytest.mark.parametrize("last", ["download", "download_url"])
def test_each_refusal_of_a_download_names_the_call_that_has_the_content(tmp_path: Path, last: str) -> None:
    path = f"files/{EICAR}/{last}"
    with serving(tmp_path) as server:
        by_path = server.call("GET", f"/api/v3/{path}").json()["error"]["message"]
        by_action = server.run({"action": "vt_get", "params": {"path": path}})["error"]["message"]
        by_name = server.run({"action": "download_file", "params": {"hash": EICAR}})["error"]["message"]
        assert server.sandbox.all_requests == []
    for message in (by_path, by_action, by_name):
        assert "GET /api/v3/files/{hash}/download" in message
        assert "the right raw" in message
        assert "--allow-downloads" in message
