"""What the server itself refuses, or fails at, in the form of each face."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from vt_connectors.adapters.http.callers import RIGHTS, Caller
from vt_connectors.adapters.http.listening import Limits

from ..serving import EVERYTHING, KEY, KnownTokens, Serving, serving

SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
PATHS = {
    "v3": f"/api/v3/files/{SHA256}",
    "v2": f"/vtapi/v2/file/report?resource={SHA256}",
    "contract": f"/v1/lookup?value={SHA256}",
}
FACES = tuple(PATHS)


class BrokenTokens(KnownTokens):
    """Fails for each token."""

    def find(self, token: str) -> Caller | None:
        raise RuntimeError(f"no table for {token}")


def told(face: str, reply: requests.Response) -> str:
    """The code of the error, in the form of the face; API v2 has only one."""
    document: Mapping[str, Any] = reply.json()
    return "v2" if face == "v2" and document["response_code"] == -1 else str(document["error"]["code"])


@pytest.mark.parametrize(("face", "code"), [("v3", "TransientError"), ("v2", "v2"), ("contract", "internal")])
def test_a_fault_of_the_server_is_a_500_that_shows_nothing_of_it(tmp_path: Path, face: str, code: str) -> None:
    with serving(tmp_path, tokens=BrokenTokens({})) as server:
        reply = server.call("GET", PATHS[face])
        assert (reply.status_code, told(face, reply)) == (500, code)
        assert not any(word in reply.text for word in ("no table", "RuntimeError", EVERYTHING, KEY))
        assert server.sandbox.all_requests == []


@pytest.mark.parametrize(("face", "code"), [("v3", "TransientError"), ("v2", "v2"), ("contract", "stopping")])
def test_a_call_to_a_server_that_stops_is_a_503_with_the_time_to_return(tmp_path: Path, face: str, code: str) -> None:
    with serving(tmp_path) as server:
        server.service.application.is_stopping = True
        reply = server.call("GET", PATHS[face])
        assert (reply.status_code, told(face, reply), reply.headers["Retry-After"]) == (503, code, "5")
        assert server.sandbox.all_requests == []


def too_large(server: Serving, face: str) -> requests.Response:
    content = b"x" * (1024 * 1024 + 1)
    if face == "contract":
        return server.call("POST", "/v1/run", headers={"Content-Type": "application/json"}, data=content)
    if face == "v2":
        return server.call("POST", "/vtapi/v2/url/scan", data={"url": content})
    return server.call("POST", "/api/v3/urls", data={"url": content})


@pytest.mark.parametrize(("face", "code"), [("v3", "BadRequestError"), ("v2", "v2"), ("contract", "too_large")])
def test_a_body_that_is_too_large_is_a_413(tmp_path: Path, face: str, code: str) -> None:
    with serving(tmp_path) as server:
        reply = too_large(server, face)
        assert (reply.status_code, told(face, reply)) == (413, code)
        assert server.sandbox.all_requests == []


def test_a_file_that_needs_an_upload_address_is_a_413_without_one(tmp_path: Path) -> None:
    with serving(tmp_path, limits=Limits(body_bytes=64 * 1024 * 1024)) as server:
        reply = server.call("POST", "/api/v3/files", files={"file": ("a", b"\0" * (33 * 1024 * 1024))})
    assert (reply.status_code, told("v3", reply)) == (413, "BadRequestError")


ACCOUNT = [
    ("PATCH", "users/me"),
    ("DELETE", "users/me"),
    ("DELETE", f"users/{EVERYTHING}"),
    ("POST", "users/me/favorite_graphs"),
    ("PUT", f"users/{EVERYTHING}/api_key"),
    ("DELETE", "users/somebody"),
]


@pytest.mark.parametrize(("method", "path"), ACCOUNT)
def test_no_client_changes_or_deletes_the_account_that_all_share(tmp_path: Path, method: str, path: str) -> None:
    with serving(tmp_path) as server:
        reply = server.call(method, f"/api/v3/{path}", json={"data": {}})
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "ForbiddenError")
        assert "account" in reply.json()["error"]["message"]
        assert server.sandbox.all_requests == []


def test_the_server_says_of_every_refusal_by_virustotals_api_that_it_was_here(tmp_path: Path) -> None:
    some = KnownTokens({EVERYTHING: Caller("some", frozenset(RIGHTS) - {"submit"})})
    with serving(tmp_path, tokens=some) as server:
        for path in ("/api/v3/files/upload_url", "/api/v3/nothing", "/vtapi/v2/file/scan/upload_url"):
            assert server.call("GET", path).headers["Via"] == "1.1 vtaction"
