"""Relationships: full rows, descriptors, rows inside an object, and who may see which."""

from __future__ import annotations

from typing import Any

import pytest

from vt_connectors.sandbox import Licence, Quota, SandboxConfig, SandboxServer
from vt_connectors.sandbox.data.kinds import Kind
from vt_connectors.sandbox.data.relationships import RELATIONSHIPS, Relationship

from .calling import EICAR_SHA256, Caller, base64_id, error_of
from .conftest import StartSandbox

INVOICE = "d75e71a9b6501b283cead761d0d4505dba8adfc1b9adee5bbeb6ab5e0b1571d2"
PAYLOAD = "http://malicious.example/payload.bin"
OBJECTS = {
    Kind.FILE: f"files/{INVOICE}",
    Kind.URL: f"urls/{base64_id(PAYLOAD)}",
    Kind.DOMAIN: "domains/malicious.example",
    Kind.IP: "ip_addresses/203.0.113.66",
}
EVERY_NAME = [(kind, one) for kind in Kind for one in RELATIONSHIPS[kind].values()]


def gti(sandbox: SandboxServer) -> Caller:
    return Caller(sandbox.url, key="gti-key")


def all_rows(caller: Caller, path: str, limit: int = 40) -> list[Any]:
    rows: list[Any] = []
    cursor = ""
    while True:
        answer = caller.get(path, params={"limit": str(limit), **({"cursor": cursor} if cursor else {})}).json()
        rows += answer["data"]
        cursor = answer.get("meta", {}).get("cursor", "")
        if not cursor:
            return rows


@pytest.mark.parametrize("kind", list(Kind))
def test_descriptors_and_full_rows_name_the_same_objects(sandbox: SandboxServer, kind: Kind) -> None:
    caller = gti(sandbox)
    for name, relationship in RELATIONSHIPS[kind].items():
        full = caller.data(f"{OBJECTS[kind]}/{name}")
        short = caller.data(f"{OBJECTS[kind]}/relationships/{name}")
        if relationship.is_single:
            full, short = [full] if full else [], [short] if short else []
        assert [(row["type"], row["id"]) for row in full] == [(row["type"], row["id"]) for row in short], name
        assert all("attributes" not in row for row in short), name
        assert all(("attributes" in row) is not ("error" in row) for row in full), name
        if relationship.rows != "domain":  # the network location of a URL may be an address
            assert {row["type"] for row in full} <= {relationship.rows}, name


@pytest.mark.parametrize(("kind", "relationship"), EVERY_NAME)
def test_names_that_need_a_licence_are_forbidden_without(
    caller: Caller, kind: Kind, relationship: Relationship
) -> None:
    for path in (relationship.name, f"relationships/{relationship.name}"):
        answer = caller.get(f"{OBJECTS[kind]}/{path}?limit=1")
        if relationship.licence is None:
            assert answer.status_code == 200
        else:
            assert error_of(answer)[:2] == (403, "ForbiddenError")


def test_a_premium_key_sees_premium_names_and_not_those_of_gti(sandbox: SandboxServer) -> None:
    caller = Caller(sandbox.url, key="premium-key")
    assert caller.get("domains/malicious.example/urls").status_code == 200
    assert caller.get("domains/malicious.example/associations").status_code == 403


def test_licences_may_be_given_to_every_key(start_sandbox: StartSandbox) -> None:
    config = SandboxConfig(licences=frozenset({Licence.GTI}))
    caller = Caller(start_sandbox(Quota.unlimited(), config=config).url, key="any")
    assert caller.get("domains/malicious.example/associations").status_code == 200
    assert caller.get("domains/malicious.example/urls").status_code == 200


def test_pages_have_all_rows_once_and_at_most_forty_each(caller: Caller) -> None:
    path = "domains/malicious.example/relationships/communicating_files"
    rows = all_rows(caller, path)
    assert len(rows) == len({row["id"] for row in rows}) > 40
    assert all_rows(caller, path, 7) == rows
    assert len(caller.data(path)) == 10
    assert error_of(caller.get(f"{path}?limit=41"))[:2] == (400, "BadRequestError")


def test_a_page_of_full_rows_is_large(caller: Caller) -> None:
    answer = caller.get("domains/malicious.example/communicating_files?limit=40")
    assert len(answer.content) > 300_000


def test_the_next_link_is_the_next_page(caller: Caller) -> None:
    first = caller.get("domains/malicious.example/communicating_files?limit=1").json()
    second = caller.session.get(first["links"]["next"], timeout=60).json()
    assert second["data"][0]["id"] != first["data"][0]["id"]


def test_a_url_is_named_by_a_hash_and_says_its_url_beside_it(caller: Caller) -> None:
    (descriptor,) = caller.data(f"files/{INVOICE}/relationships/contacted_urls?limit=1")
    assert descriptor["context_attributes"] == {"url": PAYLOAD}
    assert PAYLOAD not in descriptor["id"]
    (full,) = caller.data(f"files/{INVOICE}/contacted_urls?limit=1")
    assert full["attributes"]["url"] == PAYLOAD
    assert caller.data(f"urls/{descriptor['id']}") == full


def test_invented_rows_can_be_looked_up(caller: Caller) -> None:
    for kind, name in ((Kind.FILE, "contacted_urls"), (Kind.FILE, "contacted_domains"), (Kind.DOMAIN, "subdomains")):
        for row in caller.data(f"{OBJECTS[kind]}/{name}?limit=40"):
            assert caller.data(f"{Kind(row['type']).collection}/{row['id']}")["id"] == row["id"]


def test_subdomains_say_when_they_were_seen(caller: Caller) -> None:
    row = caller.data("domains/malicious.example/relationships/subdomains")[0]
    assert row["id"].endswith(".malicious.example")
    assert row["context_attributes"]["timestamp"] > 1_700_000_000


def test_a_file_may_be_named_without_a_report(caller: Caller) -> None:
    rows = all_rows(caller, "domains/malicious.example/communicating_files")
    unknown = [row for row in rows if "error" in row]
    assert 0 < len(unknown) < len(rows)
    assert all(row["error"]["code"] == "NotFoundError" and "attributes" not in row for row in unknown)
    assert caller.get(f"files/{unknown[0]['id']}").status_code == 404


def test_a_relationship_to_one_object_is_an_object_or_null(caller: Caller) -> None:
    url = f"urls/{base64_id(PAYLOAD)}"
    assert caller.data(f"{url}/network_location")["id"] == "malicious.example"
    assert caller.data(f"{url}/last_serving_ip_address")["type"] == "ip_address"
    answer = caller.get("domains/example.com/parent")
    assert (answer.status_code, answer.json()["data"]) == (200, None)


def test_an_empty_list_has_no_meta(caller: Caller) -> None:
    answer = caller.get(f"files/{EICAR_SHA256}/dropped_files").json()
    assert answer["data"] == []
    assert "meta" not in answer


@pytest.mark.parametrize("path", ["cousins", "relationships/cousins", "subdomains", "relationships/subdomains"])
def test_names_of_other_kinds_are_not_found(caller: Caller, path: str) -> None:
    assert error_of(caller.get(f"files/{EICAR_SHA256}/{path}"))[:2] == (404, "NotFoundError")


@pytest.mark.parametrize("path", ["contacted_ips", "relationships/contacted_ips"])
def test_an_unknown_object_has_no_relationships(caller: Caller, path: str) -> None:
    assert error_of(caller.get(f"files/{'0' * 64}/{path}"))[:2] == (404, "NotFoundError")


def test_inside_an_object_are_up_to_twenty_descriptors(caller: Caller) -> None:
    found = caller.data("domains/malicious.example?relationships=communicating_files,siblings,parent")["relationships"]
    many = found["communicating_files"]
    assert len(many["data"]) == 20
    assert many["links"]["self"].endswith("/relationships/communicating_files?limit=20")
    assert many["links"]["related"].endswith("/domains/malicious.example/communicating_files")
    rest = caller.get(
        "domains/malicious.example/relationships/communicating_files", params={"cursor": many["meta"]["cursor"]}
    )
    assert rest.json()["data"][0] not in many["data"]
    assert found["siblings"]["data"] == []
    assert "meta" not in found["siblings"]
    assert found["parent"]["data"] is None


def test_one_object_inside_another_is_counted(caller: Caller) -> None:
    url = f"urls/{base64_id(PAYLOAD)}"
    found = caller.data(f"{url}?relationships=network_location")["relationships"]["network_location"]
    assert found["data"] == {"type": "domain", "id": "malicious.example"}
    assert found["meta"] == {"count": 1}


def test_inside_an_object_names_without_licence_are_left_out_and_unknown_ones_refused(caller: Caller) -> None:
    assert list(caller.data("domains/malicious.example?relationships=urls,siblings")["relationships"]) == ["siblings"]
    assert error_of(caller.get("domains/malicious.example?relationships=cousins"))[:2] == (400, "BadRequestError")


def test_relationships_inside_an_object_cost_nothing_more(sandbox: SandboxServer, caller: Caller) -> None:
    caller.get("domains/malicious.example?relationships=siblings,subdomains,resolutions")
    assert len(sandbox.requests) == 1
    all_rows(caller, "domains/malicious.example/relationships/communicating_files")
    assert len(sandbox.requests) == 3


def test_attributes_can_be_left_out_or_chosen(caller: Caller) -> None:
    path = f"files/{INVOICE}"
    assert (
        "last_analysis_results"
        not in caller.data(f"{path}?exclude_attributes=last_analysis_results,tlsh")["attributes"]
    )
    assert set(caller.data(f"{path}?attributes=size,md5")["attributes"]) == {"size", "md5"}
    for row in caller.data("domains/malicious.example/subdomains?attributes=last_analysis_stats"):
        assert set(row["attributes"]) == {"last_analysis_stats"}
