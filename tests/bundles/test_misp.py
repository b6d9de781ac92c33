"""The module for MISP, in the real server of modules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.http.served_process import served
from tests.soar.outcomes import EICAR, UNKNOWN_HASH
from vt_connectors.sandbox import Quota, SandboxServer

from .misp_server import MispModules, misp_modules, values_of
from .setting import KEY, setting


@pytest.fixture(scope="module")
def virustotal() -> Iterator[SandboxServer]:
    with SandboxServer(Quota.unlimited()) as server:
        yield server


@pytest.fixture(scope="module")
def misp(virustotal: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MispModules]:
    with misp_modules(setting(virustotal, tmp_path_factory.mktemp("misp"))) as server:
        yield server


def test_the_server_lists_the_module_for_expansion_and_hover(misp: MispModules) -> None:
    [ours] = [one for one in misp.modules() if one["name"] == "vtconnectors"]
    assert ours["type"] == "expansion"
    assert ours["meta"]["module-type"] == ["expansion", "hover"]
    assert ours["mispattributes"]["format"] == "misp_standard"
    assert ours["meta"]["config"] == ["url", "key", "settings", "max_wait_s"]


def test_a_known_file_becomes_objects_that_refer_to_the_attribute(misp: MispModules) -> None:
    answer = misp.ask("md5", EICAR)
    [attribute] = answer["results"]["Attribute"]
    assert values_of(answer, "virustotal-report")["detection-ratio"] == "62/68"
    assert values_of(answer, "virustotal-report")["permalink"].startswith("https://www.virustotal.com/gui/file/")
    assert values_of(answer, "file")["md5"] == EICAR
    for one in answer["results"]["Object"]:
        assert [reference["referenced_uuid"] for reference in one["ObjectReference"]] == [attribute["uuid"]]


@pytest.mark.parametrize("to_ids", [False, True])
def test_only_hashes_are_for_detection_and_only_if_the_attribute_is(misp: MispModules, to_ids: bool) -> None:
    objects = misp.ask("md5", EICAR, to_ids=to_ids)["results"]["Object"]
    detecting = {one["object_relation"] for made in objects for one in made["Attribute"] if one["to_ids"]}
    assert detecting == ({"md5", "sha1", "sha256"} if to_ids else set())


def test_an_address_has_its_network(misp: MispModules) -> None:
    answer = misp.ask("ip-dst|port", "8.8.8.8|53")
    assert values_of(answer, "asn")["asn"].startswith("AS")


@pytest.mark.parametrize(
    ("kind", "value", "said"), [("sha256", UNKNOWN_HASH, "not found"), ("ip-src", "10.0.0.1", "skipped")]
)
def test_unknown_and_private_values_are_said_to_be_so(misp: MispModules, kind: str, value: str, said: str) -> None:
    results = misp.ask(kind, value)["results"]
    assert [one["value"].split(":")[0] for one in results["Attribute"] if one["type"] == "text"] == [said]
    assert "Object" not in results


def test_an_error_has_its_code_and_never_the_key(misp: MispModules) -> None:
    for answer, code in (
        (misp.ask("md5", "../users/me"), "invalid_indicator"),
        (misp.ask("domain", "example.edu", key="wrong-key"), "access_denied"),
        (misp.ask("md5", EICAR, url="http://127.0.0.1:1"), "unavailable"),
        (misp.ask("md5", EICAR, url="file:///etc/passwd"), "config_error"),
        (misp.ask("email-src", "a@b.example"), "invalid_request"),
        (misp.query({"module": "vtconnectors", "md5": EICAR}), "invalid_request"),
        (misp.ask("md5", EICAR, max_wait_s="soon"), "config_error"),
    ):
        assert list(answer) == ["error"]
        assert answer["error"].startswith(f"{code}: ")
        assert "wrong-key" not in json.dumps(answer)
        assert KEY not in json.dumps(answer)


def test_answers_at_the_same_time_are_not_mixed_up_and_cost_one_request_each(
    misp: MispModules, virustotal: SandboxServer
) -> None:
    before = len(virustotal.requests)
    domains = [f"name{number}.example.org" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda name: (name, misp.ask("domain", name)), domains * 2))
    assert len(virustotal.requests) - before == len(domains)
    for name, answer in answers:
        assert [one["value"] for one in answer["results"]["Attribute"] if one["type"] == "domain"] == [name]


def test_a_server_answers_if_its_address_is_set(misp: MispModules, virustotal: SandboxServer, tmp_path: Path) -> None:
    with served(virustotal, tmp_path) as server:
        assert (
            values_of(misp.ask("md5", EICAR, url=server.address, key=server.token), "virustotal-report")[
                "detection-ratio"
            ]
            == "62/68"
        )
        assert misp.ask("md5", EICAR, url=server.address, key="no")["error"].startswith("access_denied: ")
