"""The requests to VirusTotal, and their destinations."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import vt

from tests.fake_clock import FakeClock
from tests.responses import error_of
from tests.scripted_server import ScriptedServer, Step, Wire, answer, head, json_answer, targets
from vt_connectors.config.settings import settings_from
from vt_connectors.errors import ConfigError

from .house import COMMENT, COMMENTED, FILE, FOUND, HASH, LOOKUP, SECRET, core_at


def test_a_request_names_the_product_and_has_the_key_only_in_its_header(
    server: ScriptedServer, clock: FakeClock
) -> None:
    server.script(FOUND)
    core_at(server.url, clock).answer(LOOKUP)
    (request,) = server.received
    assert (request.method, request.target) == ("GET", f"/api/v3/files/{HASH}")
    assert "vt-connectors" in request.headers["user-agent"]
    assert "gzip" in request.headers["user-agent"]
    assert "vt-connectors" in request.headers["x-tool"]
    assert request.headers["accept-encoding"] == "gzip"
    assert [name for name, value in request.headers.items() if SECRET in value] == ["x-apikey"]
    assert request.headers["x-apikey"] == SECRET
    assert "authorization" not in request.headers


def test_a_key_in_the_document_is_the_one_that_is_used(server: ScriptedServer, clock: FakeClock) -> None:
    server.script(FOUND)
    core_at(server.url, clock).answer({**LOOKUP, "auth": {"api_key": "another-key"}})
    assert [request.headers["x-apikey"] for request in server.received] == ["another-key"]


def test_a_complete_url_is_looked_up_by_the_id_of_virustotals_client(server: ScriptedServer, clock: FakeClock) -> None:
    url = "https://example.com/a/../b?x=1&y=[.]#part/2"
    server.script(json_answer(404, {"error": {"code": "NotFoundError"}}))
    core_at(server.url, clock).answer({"action": "lookup_url", "params": {"url": url}})
    assert targets(server.received) == [f"/api/v3/urls/{vt.url_id(url)}"]


def test_a_comment_has_the_form_that_the_api_requires(server: ScriptedServer, clock: FakeClock) -> None:
    server.script(COMMENTED)
    response = core_at(server.url, clock).answer(COMMENT)
    assert response["status"] == "ok"
    (request,) = server.received
    assert (request.method, request.target) == ("POST", f"/api/v3/files/{HASH}/comments")
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {"data": {"type": "comment", "attributes": {"text": "seen in a mail"}}}


def test_a_netrc_adds_nothing(
    server: ScriptedServer, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\ndefault login any password any\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.script(FOUND)
    core_at(server.url, clock).answer(LOOKUP)
    assert "authorization" not in server.received[0].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/api/v3/elsewhere", "https://api.example/v3/files", "", "http://[::1"])
def test_a_redirect_is_not_followed_and_the_message_names_its_target(
    status: int, location: str, server: ScriptedServer, clock: FakeClock
) -> None:
    server.script(answer(status, headers={"Location": location}), FOUND)
    response = core_at(server.url, clock).answer(LOOKUP)
    assert (error_of(response)["code"], response["meta"]["requests"]) == ("invalid_response", 1)
    assert targets(server.received) == [f"/api/v3/files/{HASH}"]
    assert "VT_API_URL" in error_of(response)["message"]
    assert ("to api.example)" in error_of(response)["message"]) == location.startswith("https")


@pytest.mark.parametrize(
    "location",
    [
        "{other}/x",
        "//127.0.0.1:{port}/x",
        "http://localhost:{port}/x",
        "{here}@127.0.0.1:{port}/x",
        "{here}\\@127.0.0.1:{port}/x",
        "\\\\127.0.0.1:{port}\\x",
        "{other}\t/x",
    ],
)
def test_the_key_never_follows_a_redirect_to_another_server(
    location: str, server: ScriptedServer, clock: FakeClock
) -> None:
    with ScriptedServer() as other:
        other.script(FOUND)
        target = location.format(other=other.url, port=other.port, here=server.url)
        server.script(answer(302, b"moved", {"Location": target}))
        response = core_at(server.url, clock).answer(LOOKUP)
        assert error_of(response)["code"] == "invalid_response"
        assert len(server.received) == 1
        assert other.received == []


def _in_pieces(start: bytes, *pieces: bytes) -> Step:
    def step(wire: Wire) -> None:
        wire.send(start)
        for piece in pieces:
            wire.over.wait(0.02)
            wire.send(piece)

    return step


@pytest.mark.parametrize("first", [1, 9, 10, 11, 20])
def test_a_compressed_body_that_comes_in_pieces_is_read_whole(
    first: int, server: ScriptedServer, clock: FakeClock
) -> None:
    body = gzip.compress(json.dumps(FILE).encode())
    start = head(200, {"Content-Encoding": "gzip"}, len(body))
    server.script(_in_pieces(start, body[:first], body[first:-3], body[-3:]))
    assert core_at(server.url, clock).answer(LOOKUP)["status"] == "ok"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
def test_a_body_in_the_requested_encoding_is_read_in_any_spelling(
    encoding: str, server: ScriptedServer, clock: FakeClock
) -> None:
    body = gzip.compress(json.dumps(FILE).encode())
    server.script(answer(200, body, {"Content-Encoding": encoding}))
    assert core_at(server.url, clock).answer(LOOKUP)["status"] == "ok"


@pytest.mark.parametrize("encoding", ["identity", ""])
def test_a_body_without_an_encoding_is_read(encoding: str, server: ScriptedServer, clock: FakeClock) -> None:
    server.script(answer(200, json.dumps(FILE).encode(), {"Content-Encoding": encoding}))
    assert core_at(server.url, clock).answer(LOOKUP)["status"] == "ok"


def test_a_chunked_body_is_read_whole(server: ScriptedServer, clock: FakeClock) -> None:
    body = gzip.compress(json.dumps(FILE).encode())
    start = head(200, {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"}, None)
    chunks = [f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (body[:5], body[5:12], body[12:])]
    server.script(_in_pieces(start, *chunks, b"0\r\n\r\n"))
    assert core_at(server.url, clock).answer(LOOKUP)["status"] == "ok"


@pytest.mark.parametrize(
    "url",
    [
        "http://www.virustotal.com",
        "http://example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.1",
        "http://user:secret@127.0.0.1",
        "https://user:secret@www.virustotal.com",
        "https://@www.virustotal.com",
        "https://www.virustotal.com\\@example.com",
        "https://www.virustotal.com:port",
        "https://www.virustotal.com:99999",
        "https://www.virustotal.com:0",
        "https://[::1",
        "https://exa mple.com",
        "https://www.virustotal.com/?x",
        "https://www.virustotal.com/#x",
        "ftp://www.virustotal.com",
        "www.virustotal.com",
        "https://",
        "file:///etc/passwd",
    ],
)
def test_an_unsafe_server_address_is_a_config_error(url: str) -> None:
    with pytest.raises(ConfigError, match="VT_API_URL") as caught:
        settings_from({"VT_API_URL": url})
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://www.virustotal.com/", "https://www.virustotal.com"),
        (" https://vt.example.com:8443/mirror/ ", "https://vt.example.com:8443/mirror"),
        ("http://127.0.0.1:8099", "http://127.0.0.1:8099"),
        ("http://localhost:8099", "http://localhost:8099"),
        ("http://[::1]:8099", "http://[::1]:8099"),
    ],
)
def test_a_safe_server_address_is_accepted(url: str, base: str) -> None:
    assert settings_from({"VT_API_URL": url}).api_url == base


@pytest.mark.parametrize("path", ["/api/v3", "/api/v3/", "/vtapi/v2/", "/api", "/mirror/api/v3"])
def test_an_address_with_the_apis_own_path_is_a_config_error_not_a_source_of_not_found(path: str) -> None:
    with pytest.raises(ConfigError, match="leave out the path"):
        settings_from({"VT_API_URL": f"https://www.virustotal.com{path}"})


def test_a_request_that_was_not_sent_is_not_counted(clock: FakeClock) -> None:
    answered = core_at("http://127.0.0.1:1", clock).answer(LOOKUP)
    assert (error_of(answered)["code"], answered["meta"]["requests"]) == ("unavailable", 0)
    assert "in time" not in error_of(answered)["message"]
