"""Reports by API v2: VirusTotal's own documents, from the cache that all clients of the state share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from vt_connectors.adapters.core_from_environment import core_from
from vt_connectors.clock import SystemClock
from vt_connectors.core import Core

from ..serving import FOR_MANY_AT_ONCE, KEY, READER, Serving, serving
from .v2_calls import EICAR_MD5, EICAR_SHA1, EICAR_SHA256, UNKNOWN_FILE, document, get, get_with, post, upstream

URL = "http://malware.example.com/login"


def directly(server: Serving, name: str, **values: str) -> dict[str, Any]:
    """VirusTotal's own answer."""
    url = f"{server.sandbox.url}/vtapi/v2/{name}"
    found: dict[str, Any] = requests.get(url, params={"apikey": "another-key", **values}, timeout=30).json()
    return found


def test_the_integration_of_wazuh_gets_what_it_asks_virustotal_for(tmp_path: Path) -> None:
    headers = {"Accept-Encoding": "gzip, deflate", "User-Agent": "gzip,  Python library-client-VirusTotal"}
    with serving(tmp_path) as server:
        reply = get_with(headers, server, "file/report", READER, resource=EICAR_MD5)
        told = directly(server, "file/report", resource=EICAR_MD5)
        assert list(document(reply).items()) == list(told.items())
        assert document(get_with(headers, server, "file/report", READER, resource="0" * 32)) == {
            "response_code": 0,
            "resource": "0" * 32,
            "verbose_msg": UNKNOWN_FILE,
        }


@pytest.mark.parametrize(
    ("name", "param", "value"),
    [
        ("file/report", "resource", EICAR_SHA256),
        ("url/report", "resource", "http://www.example.com/"),
        ("domain/report", "domain", "example.com"),
        ("ip-address/report", "ip", "8.8.8.8"),
    ],
)
def test_each_kind_of_report_is_virustotals_own_by_get_and_by_post(
    tmp_path: Path, name: str, param: str, value: str
) -> None:
    with serving(tmp_path) as server:
        by_get = get(server, name, **{param: value})
        by_post = post(server, name, **{param: value})
        assert document(by_get) == document(by_post) == directly(server, name, **{param: value})
        assert (by_get.headers["X-Vtaction-Source"], by_post.headers["X-Vtaction-Source"]) == ("api", "cache")
        assert by_post.headers["Age"].isdigit()
        assert by_post.headers["Via"] == "1.1 vtaction"


def test_all_hashes_and_spellings_of_a_file_cost_one_request_and_each_client_sees_its_own_resource(
    tmp_path: Path,
) -> None:
    spellings = (EICAR_MD5, EICAR_MD5.upper(), EICAR_SHA1, EICAR_SHA256, f" {EICAR_SHA256} ")
    with serving(tmp_path) as server:
        documents = [document(get(server, "file/report", resource=spelling)) for spelling in spellings]
        assert len(upstream(server)) == 1
    assert [each["resource"] for each in documents] == [spelling.strip() for spelling in spellings]
    assert {each["sha256"] for each in documents} == {EICAR_SHA256}


def test_all_spellings_of_a_url_cost_one_request(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for spelling in ("http://www.example.com/", "http://WWW.example.com", "hxxp://www.example[.]com/"):
            assert document(get(server, "url/report", resource=spelling))["resource"] == spelling
        assert len(upstream(server)) == 1


def test_the_cache_is_shared_with_other_processes_that_use_api_v2_on_the_state(tmp_path: Path) -> None:
    with serving(tmp_path, VT_API_VERSION="3") as server:
        document(get(server, "file/report", resource=EICAR_MD5))
        environment = {
            "VT_API_URL": server.sandbox.url,
            "VT_API_KEY": KEY,
            "VT_STATE": str(tmp_path / "state.db"),
            "VT_QUOTA": "none",
            "VT_API_VERSION": "2",
        }
        core = core_from(environment, SystemClock())
        assert isinstance(core, Core)
        response = core.answer({"action": "lookup_hash", "params": {"hash": EICAR_SHA1}})
        assert (response["status"], response["meta"]["source"]) == ("ok", "cache")
        core.answer({"action": "lookup_domain", "params": {"domain": "example.com"}, "options": {"include": ["raw"]}})
        core.close()
        assert get(server, "domain/report", domain="EXAMPLE.com").headers["X-Vtaction-Source"] in ("cache", "shared")
        assert len(upstream(server)) == 2


def test_several_resources_get_a_list_in_their_order_and_what_is_cached_costs_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        document(get(server, "file/report", resource=EICAR_MD5))
        before = sum(request.cost for request in server.sandbox.requests)
        wanted = ["0" * 32, EICAR_SHA256, "no hash", EICAR_SHA256, "1" * 64]
        found = document(get(server, "file/report", resource=", ".join(wanted)))
        assert sum(request.cost for request in server.sandbox.requests) - before == 2
    assert [each["resource"] for each in found] == wanted
    assert [each["response_code"] for each in found] == [0, 1, -1, 1, 0]


def test_several_urls_are_separated_by_newlines(tmp_path: Path) -> None:
    urls = ["http://www.example.com/", "http://unknown.example.com/a,b"]
    with serving(tmp_path) as server:
        found = document(post(server, "url/report", resource="\n".join(urls)))
    assert [each["resource"] for each in found] == urls


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("file/report", {"resource": ",".join(f"{number:032x}" for number in range(26))}),
        ("url/report", {"resource": "\n".join(f"http://{number}.example.com/" for number in range(5))}),
        ("file/report", {"resource": " , "}),
        ("file/report", {}),
        ("domain/report", {"domain": ""}),
        ("ip-address/report", {"domain": "example.com"}),
    ],
)
def test_missing_values_and_too_many_of_them_are_bad_requests(
    tmp_path: Path, name: str, values: dict[str, str]
) -> None:
    with serving(tmp_path) as server:
        reply = get(server, name, **values)
        assert (reply.status_code, reply.json()["response_code"]) == (400, -1)
        assert upstream(server) == []


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("file/report", {"resource": "no hash"}, -1),
        ("url/report", {"resource": "http://"}, -1),
        ("domain/report", {"domain": "not a domain"}, -1),
        ("ip-address/report", {"ip": "2001:4860:4860::8888"}, -1),
        ("url/report", {"resource": "http://unknown1.example.com/"}, 0),
        ("domain/report", {"domain": "unknown8.example.com"}, 0),
        ("file/report", {"resource": "0" * 32}, 0),
        ("ip-address/report", {"ip": "93.184.216.0"}, 0),
    ],
)
def test_invalid_and_unknown_values_are_told_as_virustotal_tells_them(
    tmp_path: Path, name: str, values: dict[str, str], code: int
) -> None:
    with serving(tmp_path) as server:
        found = document(get(server, name, **values))
        told = directly(server, name, **values)
    assert found["response_code"] == code
    if told["response_code"] == code:
        assert found == told


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("ip-address/report", {"ip": "10.0.0.2"}, "private_address"),
        ("domain/report", {"domain": "printer.corp.internal"}, "internal_name"),
        ("url/report", {"resource": "http://192.168.1.1/"}, "private_address"),
    ],
)
def test_internal_values_are_unknown_and_the_reason_is_in_a_header(
    tmp_path: Path, name: str, values: dict[str, str], reason: str
) -> None:
    with serving(tmp_path) as server:
        reply = get(server, name, **values)
        assert document(reply)["response_code"] == 0
        assert reply.headers["X-Vtaction-Reason"] == reason
        assert upstream(server) == []


def test_only_if_cached_sends_nothing_and_no_cache_asks_again(tmp_path: Path) -> None:
    only, again = {"Cache-Control": "only-if-cached"}, {"Cache-Control": "no-cache"}
    with serving(tmp_path) as server:
        assert get_with(only, server, "file/report", resource=EICAR_MD5).status_code == 504
        assert upstream(server) == []
        document(get(server, "file/report", resource=EICAR_MD5))
        document(get_with(only, server, "file/report", resource=EICAR_MD5))
        assert len(upstream(server)) == 1
        document(get_with(again, server, "file/report", resource=EICAR_MD5))
        assert len(upstream(server)) == 2


def test_many_clients_with_the_same_questions_cost_one_request_for_each(tmp_path: Path) -> None:
    hashes = [f"{number:064x}" for number in range(1, 13)]
    with serving(tmp_path, limits=FOR_MANY_AT_ONCE) as server:
        with ThreadPoolExecutor(12) as clients:
            asked = [(hashes[place:] + hashes[:place]) for place in range(12)]
            replies = list(clients.map(lambda mine: get(server, "file/report", resource=",".join(mine)), asked))
        for mine, reply in zip(asked, replies):
            assert [each["resource"] for each in document(reply)] == mine
        assert sum(request.cost for request in server.sandbox.requests) == 12
