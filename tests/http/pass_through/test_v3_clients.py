"""Clients of VirusTotal get the same results through the server, and nothing reaches VirusTotal past it."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any, Callable

import pytest
import vt

from vt_connectors.adapters.http.listening import Limits

from ...scripted_server import ScriptedServer, json_answer
from ..serving import EVERYTHING, KEY, serving
from .clients import client_through, content_of, digest, direct_client, key_digests, vt_py

EICAR = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
URL = "http://malicious.example/payload.bin"
LARGE = Limits(body_bytes=64 * 1024 * 1024)


def _iterated(client: vt.Client, path: str, limit: int) -> list[str]:
    return [each.id for each in client.iterator(path, limit=limit, batch_size=3)]


def _error(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(vt.APIError) as caught:
        call()
    return caught.value.code, caught.value.message


READS: dict[str, Callable[[vt.Client], Any]] = {
    "file": lambda client: client.get_object(f"/files/{EICAR}").to_dict()["attributes"],
    "file by md5": lambda client: client.get_object("/files/44d88612fea8a8f36de82e1278abb02f").id,
    "url": lambda client: client.get_object(f"/urls/{vt.url_id(URL)}").to_dict()["attributes"],
    "domain": lambda client: client.get_object("/domains/malicious.example").to_dict()["attributes"],
    "ip": lambda client: client.get_object("/ip_addresses/8.8.8.8").to_dict()["attributes"],
    "unknown file": lambda client: _error(lambda: client.get_object("/files/" + "0" * 64)),
    "invalid domain": lambda client: _error(lambda: client.get_object("/domains/a..b"))[0],
    "comments": lambda client: _iterated(client, f"/files/{EICAR}/comments", 5),
    "votes": lambda client: _iterated(client, f"/files/{EICAR}/votes", 5),
    "resolutions": lambda client: _iterated(client, "/domains/malicious.example/resolutions", 8),
    "subdomains": lambda client: _iterated(client, "/domains/malicious.example/subdomains", 8),
    "contacted": lambda client: _iterated(client, f"/files/{EICAR}/contacted_domains", 8),
    "with relationships": lambda client: client.get_object(
        "/domains/malicious.example", params={"relationships": "resolutions"}
    ).relationships.keys(),
    "behaviour": lambda client: client.get_json(f"/files/{EICAR}/behaviour_summary")["data"],
    "search": lambda client: [each.id for each in client.iterator("/search", params={"query": EICAR})],
    "quotas": lambda client: sorted(client.get_json(f"/users/{client._apikey}/overall_quotas")["data"]),
    "unknown relationship": lambda client: _error(lambda: client.get_json(f"/files/{EICAR}/nonsense"))[0],
    "bad cursor": lambda client: _error(
        lambda: client.get_json(f"/files/{EICAR}/comments", params={"cursor": "no cursor"})
    ),
    "bad limit": lambda client: _error(lambda: client.get_json(f"/files/{EICAR}/comments", params={"limit": "-1"})),
}


def test_vt_py_gets_the_same_results(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        with vt_py(server.url, EVERYTHING) as client:
            through = {name: read(client) for name, read in READS.items()}
        assert key_digests(server) == {digest(KEY)}
        assert all(EVERYTHING not in each.path for each in server.sandbox.all_requests)
        with vt_py(server.sandbox.url, KEY) as client:
            there = {name: read(client) for name, read in READS.items()}
    assert {name: through[name] for name in READS} == {name: there[name] for name in READS}


def test_vt_py_scans_and_comments(tmp_path: Path) -> None:
    content = content_of(700)
    with serving(tmp_path) as server, vt_py(server.url, EVERYTHING) as client:
        analysis = client.scan_file(io.BytesIO(content))
        assert client.get_object(f"/analyses/{analysis.id}").id == analysis.id
        assert client.scan_url(URL).type == "analysis"
        comment = vt.Object("comment", obj_attributes={"text": "seen in a test"})
        posted = client.post_object(f"/files/{EICAR}/comments", obj=comment)
        texts = [each.text for each in client.iterator(f"/files/{EICAR}/comments", limit=3)]
        assert "seen in a test" in texts
        client.delete(f"/comments/{posted.id}")
        assert key_digests(server) == {digest(KEY)}


def test_pages_by_links_go_through_the_server_and_cost_nothing_the_second_time(tmp_path: Path) -> None:
    path = "domains/malicious.example/resolutions?limit=3"
    with serving(tmp_path) as server:
        first = list(client_through(server).pages(path))
        spent = len(server.sandbox.requests)
        second = list(client_through(server).pages(path))
        assert len(first) > 1
        assert spent == len(first)
        assert len(server.sandbox.requests) == spent
        assert key_digests(server) == {digest(KEY)}
        there = list(direct_client(server).pages(path))
    assert first == second
    ids = [[row["id"] for row in page] for page in there]
    assert [[row["id"] for row in page] for page in first] == ids


@pytest.mark.parametrize("path", [f"files/{EICAR}", "domains/malicious.example?relationships=resolutions"])
def test_links_lead_to_the_server_and_everything_else_is_unchanged(tmp_path: Path, path: str) -> None:
    with serving(tmp_path) as server:
        through, there = client_through(server).get(path).text, direct_client(server).get(path)
        assert server.sandbox.url in there.text
        assert server.sandbox.url not in through
        assert json.loads(through) == json.loads(there.text.replace(server.sandbox.url, server.url))


def test_addresses_of_virustotal_within_data_are_not_changed(tmp_path: Path) -> None:
    link = "https://www.virustotal.com/api/v3/files/x"
    object_there = {"type": "comment", "id": "c", "links": {"self": link}, "attributes": {"text": link, "links": link}}
    with ScriptedServer() as upstream, serving(tmp_path, VT_API_URL=upstream.url) as server:
        upstream.script(json_answer(200, {"data": [object_there], "links": {"next": link + "?cursor=a%3D"}}))
        found = client_through(server).get("files/" + "1" * 64 + "/comments").json()
        own = f"{server.url}/api/v3/files/x"
    assert found["links"] == {"next": own + "?cursor=a%3D"}
    assert found["data"] == [{**object_there, "links": {"self": own}}]


@pytest.mark.parametrize("size", [1, 31 * 1024 * 1024, 33 * 1024 * 1024])
def test_files_of_every_size_are_uploaded_through_the_server(tmp_path: Path, size: int) -> None:
    content = content_of(size)
    with serving(tmp_path, limits=LARGE) as server:
        reply = client_through(server).scan_file(content)
        assert reply.status_code == 200, reply.text
        analysis = client_through(server).get(f"analyses/{reply.json()['data']['id']}").json()
        assert analysis["meta"]["file_info"]["sha256"] == hashlib.sha256(content).hexdigest()
        assert key_digests(server) == {digest(KEY)}


def test_a_url_is_submitted_from_both_kinds_of_form(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        multipart = client_through(server).scan_url(URL)
        plain = server.call("POST", "/api/v3/urls", data={"url": URL, "apikey": EVERYTHING})
        assert (multipart.status_code, plain.status_code) == (200, 200)
        assert multipart.json()["data"]["type"] == "analysis"
        assert multipart.json()["data"]["links"]["self"].startswith(server.url)


def test_only_the_servers_own_headers_go_to_virustotal(tmp_path: Path) -> None:
    with ScriptedServer() as upstream, serving(tmp_path, VT_API_URL=upstream.url) as server:
        upstream.script(json_answer(200, {"data": []}))
        server.call(
            "GET",
            "/api/v3/files/" + "1" * 64 + "/comments?apikey=" + EVERYTHING,
            headers={"x-apikey": EVERYTHING, "User-Agent": "a client", "x-tool": "a tool", "Cookie": "a=b"},
        )
        (received,) = upstream.received
    assert received.headers["x-apikey"] == KEY
    assert received.headers["user-agent"].startswith("vt-connectors/")
    assert "cookie" not in received.headers
    assert EVERYTHING not in str(received)
    assert "a tool" not in str(received)
