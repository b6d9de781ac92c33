"""Reports through `/api/v3/`: VirusTotal's own objects, from the cache that all faces share."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
import requests

from ..clients import CLIENTS, run_at_once
from ..direct import call
from ..serving import EVERYTHING, FOR_MANY_AT_ONCE, KEY, Serving, serving

EICAR = {
    "md5": "44d88612fea8a8f36de82e1278abb02f",
    "sha1": "3395856ce81f2b7382dee72602f798b642f14140",
    "sha256": "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
}
URL = "http://malicious.example/payload.bin"
# Its base64 has padding, and characters that the other alphabet writes differently.
OTHER_URL = "http://malicious.example/p?q=??>>~~1"


def get(server: Serving, path: str, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return call("GET", f"{server.url}/api/v3/{path}", headers={"x-apikey": EVERYTHING, **named}, timeout=60)


def direct(server: Serving, path: str) -> Any:
    return requests.get(f"{server.sandbox.url}/api/v3/{path}", headers={"x-apikey": KEY}, timeout=60).json()


def test_a_report_is_virustotals_own_object_and_a_lookup_in_the_contract_is_answered_from_it(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        reply = get(server, f"files/{EICAR['md5']}")
        looked_up = server.run({"action": "lookup_hash", "params": {"hash": EICAR["sha256"]}})
        assert len(server.sandbox.requests) == 1
        there = direct(server, f"files/{EICAR['md5']}")
    assert reply.status_code == 200
    assert reply.json()["data"]["attributes"] == there["data"]["attributes"]
    assert reply.json()["data"]["id"] == EICAR["sha256"]
    assert (reply.headers["X-Vtaction-Source"], reply.headers["Via"]) == ("api", "1.1 vtaction")
    assert looked_up["meta"]["source"] == "cache"


def test_a_lookup_in_the_contract_is_enough_for_a_report_under_every_hash(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.run({"action": "lookup_hash", "params": {"hash": EICAR["md5"]}})
        for value in (EICAR["md5"], EICAR["sha1"], EICAR["sha256"], EICAR["sha256"].upper()):
            reply = get(server, f"files/{value}")
            assert (reply.status_code, reply.headers["X-Vtaction-Source"]) == (200, "cache"), value
            assert int(reply.headers["Age"]) >= 0
        assert len(server.sandbox.requests) == 1


def test_raw_objects_are_kept_unless_the_setting_says_otherwise(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"keep_raw": false}')
    either: list[dict[str, Any]] = [{"VT_KEEP_RAW": "0"}, {"VT_CONFIG": str(config)}]
    for settings in either:
        folder = tmp_path / next(iter(settings))
        folder.mkdir()
        with serving(folder, **settings) as server:
            looked_up = server.run({"action": "lookup_hash", "params": {"hash": EICAR["md5"]}})
            assert "raw" not in looked_up["data"]
            assert get(server, f"files/{EICAR['md5']}").headers["X-Vtaction-Source"] == "api"


def test_every_spelling_of_a_urls_id_is_one_entry(tmp_path: Path) -> None:
    padded = base64.b64encode(URL.encode()).decode()
    with serving(tmp_path) as server:
        by_hash = direct(server, "urls/" + padded.rstrip("="))["data"]["id"]
        ids = [by_hash, padded.rstrip("="), padded, base64.urlsafe_b64encode(URL.encode()).decode(), by_hash.upper()]
        replies = [get(server, "urls/" + each.replace("/", "%2F")) for each in ids]
        looked_up = server.run({"action": "lookup_url", "params": {"url": URL}})
        assert [reply.status_code for reply in replies] == [200] * len(ids)
        assert [reply.headers["X-Vtaction-Source"] for reply in replies] == ["api", *["cache"] * (len(ids) - 1)]
        assert looked_up["meta"]["source"] == "cache"
        assert len(server.sandbox.requests) == 2


def test_both_alphabets_of_a_urls_id_are_one_entry(tmp_path: Path) -> None:
    padded = base64.b64encode(OTHER_URL.encode()).decode()
    assert set(padded) & set("+/")
    ids = [padded, padded.rstrip("="), base64.urlsafe_b64encode(OTHER_URL.encode()).decode().rstrip("=")]
    with serving(tmp_path) as server:
        replies = [get(server, "urls/" + each.replace("/", "%2F")) for each in ids]
        assert len({reply.text for reply in replies if reply.status_code == 200}) == 1
        assert len(server.sandbox.requests) == 1


def test_a_urls_hash_is_answered_from_the_lookup_of_the_url(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        looked_up = server.run({"action": "lookup_url", "params": {"url": URL}})
        reply = get(server, f"urls/{looked_up['data']['id']}")
        assert (reply.status_code, reply.headers["X-Vtaction-Source"]) == (200, "cache")
        assert len(server.sandbox.requests) == 1


def test_sixteen_clients_of_both_faces_share_the_requests_in_the_same_order(tmp_path: Path) -> None:
    hashes = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(40)]
    with serving(tmp_path, limits=FOR_MANY_AT_ONCE) as server:
        first, *others = run_at_once(server, [hashes] * CLIENTS)
        assert len(server.sandbox.requests) == len(hashes)
    assert first.wrong() == []
    assert all(client.answers == first.answers for client in others)


@pytest.mark.parametrize("path", ["files/" + "0" * 64, "domains/unknown-to-virustotal.example", "urls/" + "0" * 64])
def test_what_virustotal_does_not_know_is_its_404(tmp_path: Path, path: str) -> None:
    with serving(tmp_path) as server:
        through, there = get(server, path), direct(server, path)
    if "error" in there:
        assert (through.status_code, through.json()["error"]["code"]) == (404, "NotFoundError")
        assert path.split("/")[1] in through.json()["error"]["message"]
    else:
        assert through.json()["data"]["attributes"] == there["data"]["attributes"]


def test_internal_hosts_are_not_asked_about(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        reply = get(server, "ip_addresses/10.1.2.3")
        assert (reply.status_code, reply.json()["error"]["code"]) == (404, "NotFoundError")
        assert reply.headers["X-Vtaction-Reason"] == "private_address"
        assert server.sandbox.all_requests == []


def test_cache_control_is_obeyed(tmp_path: Path) -> None:
    path = f"files/{EICAR['sha256']}"
    with serving(tmp_path) as server:
        assert get(server, path, Cache_Control="only-if-cached").status_code == 504
        get(server, path)
        assert get(server, path, Cache_Control="only-if-cached").status_code == 200
        assert get(server, path, Cache_Control="no-cache").headers["X-Vtaction-Source"] == "api"
        assert get(server, path, Cache_Control="max-age=0").headers["X-Vtaction-Source"] == "api"
        assert get(server, path, Cache_Control="max-age=600").headers["X-Vtaction-Source"] == "cache"


def test_a_search_for_one_indicator_is_answered_from_its_report(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        report = get(server, "domains/malicious.example").json()
        found = get(server, "search?query=malicious.example")
        unknown = get(server, "search?query=" + "0" * 64)
        there = direct(server, "search?query=malicious.example")
        assert len([each for each in server.sandbox.requests if "search" in each.path]) == 1
    assert found.json()["data"] == [report["data"]]
    assert set(found.json()) == set(there)
    assert (unknown.status_code, unknown.json()["data"]) == (200, [])


def test_head_is_like_get_without_the_body(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        got = get(server, f"files/{EICAR['sha256']}")
        head = server.call("HEAD", f"/api/v3/files/{EICAR['sha256']}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
