"""Uploads to addresses that the server gives out, and which answers are cached until when."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import requests

from vt_connectors.adapters.http.callers import RIGHTS, Caller
from vt_connectors.adapters.http.messages import Refused
from vt_connectors.adapters.http.pass_through.upload_names import UploadNames

from ...fake_clock import FakeClock
from ...scripted_server import ScriptedServer, json_answer
from ..serving import EVERYTHING, KEY, KnownTokens, serving
from .clients import client_through, content_of, direct_client, hashes_of

SHA256 = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
ANOTHER = "vtc_" + "another" * 6 + "-"
TWO = KnownTokens({name: Caller(name, frozenset(RIGHTS)) for name in (EVERYTHING, ANOTHER)})


def test_an_upload_address_is_the_servers_own_and_good_for_one_upload_of_the_caller(tmp_path: Path) -> None:
    with serving(tmp_path, tokens=TWO) as server:
        client = client_through(server)
        address = client.get("files/upload_url").json()["data"]
        assert address.startswith(f"{server.url}/_vtaction/upload/")
        assert client_through(server, ANOTHER).post_in_chunks(address, b"abc").status_code == 404
        assert requests.post(address, files={"file": b"abc"}, timeout=60).status_code == 401
        assert client.post_in_chunks(address, b"abc").status_code == 200
        assert client.post_in_chunks(address, b"abc").status_code == 404
        assert client.get("files/upload_url").json()["data"] != address


def test_an_unused_upload_address_expires_and_their_number_is_bounded() -> None:
    clock = FakeClock()
    addresses = UploadNames[str](clock)
    name = addresses.keep("a", "https://there/1")
    clock.sleep(601)
    assert addresses.take("a", name) is None
    first = addresses.keep("a", "https://there/2")
    others = addresses.keep("b", "https://there/3")
    names = [addresses.keep("a", "https://there/4") for _ in range(100)]
    assert addresses.take("a", first) is None
    assert addresses.take("b", names[-1]) is None
    kept = addresses.take("a", names[-1])
    assert kept is not None
    assert kept.kept == "https://there/4"
    assert addresses.take("b", others) is not None


@pytest.mark.parametrize("address", ["https://evil.example/upload", "http://user@www.virustotal.com/upload", 5])
def test_an_upload_address_on_another_server_is_refused(tmp_path: Path, address: object) -> None:
    with ScriptedServer() as upstream, serving(tmp_path, VT_API_URL=upstream.url) as server:
        upstream.script(json_answer(200, {"data": address}))
        reply = client_through(server).get("files/upload_url")
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "TransientError")
    assert "evil.example" not in reply.text


@pytest.mark.parametrize(
    "body",
    [
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
        b"no boundary at all",
        b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\na\r\n--b\r\n'
        b'Content-Disposition: form-data; name="file"\r\n\r\nb\r\n--b--\r\n',
        b'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n' + b"x" * 70_000 + b"\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="a%22"\r\n\r\nb\r\n--b--\r\n',
        b"--b\r\n" + b"X-A: b\r\n" * 50 + b'Content-Disposition: form-data; name="file"\r\n\r\na\r\n--b--\r\n',
        b'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n' + EVERYTHING.encode() + b"\r\n--b--\r\n",
    ],
)
def test_a_malformed_form_is_not_passed_on(tmp_path: Path, body: bytes) -> None:
    with serving(tmp_path) as server:
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        reply = server.call("POST", "/api/v3/files", headers=headers, data=body)
        assert reply.status_code in (400, 413)
        assert server.sandbox.all_requests == []


def test_the_password_of_an_archive_goes_with_the_file(tmp_path: Path) -> None:
    with ScriptedServer() as upstream, serving(tmp_path, VT_API_URL=upstream.url) as server:
        upstream.script(json_answer(200, {"data": {"type": "analysis", "id": "a"}}))
        server.call(
            "POST",
            "/api/v3/files",
            files={"file": ("b.zip", b"PK")},
            data={"password": "infected", "apikey": EVERYTHING},
        )
        (received,) = upstream.received
    assert b'name="password"\r\n\r\ninfected' in received.body
    assert b'filename="b.zip"' in received.body
    assert EVERYTHING.encode() not in received.body


CACHED = [f"files/{SHA256}/comments?limit=2", f"files/{SHA256}/behaviour_summary", "search?query=tag:test"]
NEVER = [
    "analyses/YWJj",
    "metadata",
    f"users/{EVERYTHING}/overall_quotas",
    "users/somebody",
    "ioc_stream",
    "private/files/a",
]


@pytest.mark.parametrize("path", CACHED)
def test_other_readings_are_cached_by_path_and_query_in_any_order(tmp_path: Path, path: str) -> None:
    with serving(tmp_path) as server:
        client = client_through(server)
        first, second = client.get(path), client.get(path)
        assert first.json() == second.json()
        assert second.headers["X-Vtaction-Source"] == "cache"
        client.get(f"files/{SHA256}/contacted_domains?limit=2&descriptors_only=true")
        spent = len(server.sandbox.all_requests)
        client.get(f"files/{SHA256}/contacted_domains?descriptors_only=true&limit=2")
        assert len(server.sandbox.all_requests) == spent


@pytest.mark.parametrize("path", NEVER)
def test_what_changes_at_any_time_is_never_cached(tmp_path: Path, path: str) -> None:
    with ScriptedServer() as upstream, serving(tmp_path, VT_API_URL=upstream.url) as server:
        upstream.script(json_answer(200, {"data": {"type": "a", "id": "b"}}))
        client = client_through(server)
        assert [client.get(path).status_code for _ in range(2)] == [200, 200]
        assert len(upstream.received) == 2


def test_a_404_is_forgotten_when_the_object_is_submitted(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        client, there = client_through(server), direct_client(server)
        content, names = next(
            (content, names)
            for content, names in ((content_of(size), hashes_of(content_of(size))) for size in range(900, 1000))
            if all(there.get(f"files/{name}").status_code == 404 for name in names)
        )
        paths = [path for name in names for path in (f"files/{name}", f"files/{name}/comments")]
        before = [client.get(path).status_code for path in paths]
        assert client.scan_file(content).status_code == 200
        sources = [client.get(path).headers["X-Vtaction-Source"] for path in paths]
    assert before == [404] * 4
    # The third is answered from the first, which is the report on the same file.
    assert sources == ["api", "api", "cache", "api"]


@pytest.mark.parametrize("write", ["comments", "votes"])
def test_a_comment_or_vote_forgets_the_cached_ones(tmp_path: Path, write: str) -> None:
    attributes = {"text": "new"} if write == "comments" else {"verdict": "harmless"}
    body = {"data": {"type": write[:-1], "attributes": attributes}}
    with serving(tmp_path) as server:
        client = client_through(server)
        client.get(f"domains/malicious.example/{write}")
        server.run({"action": f"get_{write}", "params": {"indicator": "malicious.example"}})
        assert client.post(f"domains/malicious.example/{write}", body).status_code == 200
        again = client.get(f"domains/malicious.example/{write}")
        told = server.run({"action": f"get_{write}", "params": {"indicator": "malicious.example"}})
        assert client.get("domains/malicious.example/resolutions").status_code == 200
    assert again.headers["X-Vtaction-Source"] == "api"
    assert told["meta"]["source"] == "api"


@pytest.mark.parametrize("with_action", [False, True])
def test_a_deleted_comment_is_forgotten(tmp_path: Path, with_action: bool) -> None:
    body = {"data": {"type": "comment", "attributes": {"text": "soon gone"}}}
    with serving(tmp_path) as server:
        client = client_through(server)
        posted = client.post("domains/malicious.example/comments", body).json()["data"]["id"]
        paths = (f"comments/{posted}", "domains/malicious.example/comments")
        assert all("soon gone" in client.get(path).text for path in paths)
        if with_action:
            server.run({"action": "delete_comment", "params": {"comment_id": posted}})
        else:
            assert client.delete(f"comments/{posted}").status_code == 200
        assert all("soon gone" not in client.get(path).text for path in paths)
        assert client.get(f"comments/{posted}").status_code == 404


def test_what_is_cached_needs_no_place_for_waiting(tmp_path: Path) -> None:
    path = f"files/{SHA256}/comments"
    with serving(tmp_path) as server, contextlib.ExitStack() as held:
        client = client_through(server)
        assert client.get(path).status_code == 200
        with contextlib.suppress(Refused):
            while True:
                held.enter_context(server.service.places.place())
        assert client.get(path).headers["X-Vtaction-Source"] == "cache"
        busy = client.get(f"files/{SHA256}/votes")
    assert (busy.status_code, busy.json()["error"]["code"]) == (429, "QuotaExceededError")
    assert int(busy.headers["Retry-After"]) > 0


def test_two_tokens_and_the_server_share_one_account_and_never_its_key(tmp_path: Path) -> None:
    with serving(tmp_path, tokens=TWO) as server:
        for path in (f"users/{EVERYTHING}", "users/me", "users/me/overall_quotas?id=a"):
            reply = client_through(server).get(path)
            assert (reply.status_code, KEY in reply.text) == (200, False), path
        assert all("?" not in each.path or KEY not in each.path for each in server.sandbox.all_requests)
        # Another client's token names no account.
        other = client_through(server).get(f"users/{ANOTHER}/overall_quotas")
    assert other.status_code == 400


@pytest.mark.parametrize("path", ["/api/v3/files", "/vtapi/v2/file/scan"])
def test_a_file_name_cannot_add_headers_or_folders_to_what_is_sent(tmp_path: Path, path: str) -> None:
    name = "C:/folder/a%0D%0AX-Other: 1%0D%0A%0D%0Ab%22; name=%22c"
    body = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\nabc\r\n--b--\r\n'.encode()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with ScriptedServer() as upstream, serving(tmp_path, VT_API_URL=upstream.url) as server:
        upstream.script(json_answer(200, {"data": {"type": "analysis", "id": "a"}}))
        server.call("POST", path, headers=headers, data=body)
        sent = b"".join(each.body for each in upstream.received)
    assert b"abc" in sent
    heads = [part.partition(b"\r\n\r\n")[0] for part in sent.split(b"\r\n--")]
    assert not any(line.startswith(b"X-Other") for head in heads for line in head.split(b"\r\n"))
    assert b"folder" not in sent
    assert b'; name="c' not in sent
