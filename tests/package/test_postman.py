"""The Postman collection: whole, from the client's own table, without a key, run by Postman's own runner."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from package.exports import newman, npm, postman
from package.exports.example_requests import ENVIRONMENT, LEARNED
from package.exports.example_requests_v2 import V2
from package.exports.example_requests_v3 import V3
from package.spl.build_error import BuildError
from vt_connectors.virustotal.endpoints import V2_ENDPOINTS, V3_ENDPOINTS


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("postman")
    postman.write(folder)
    return folder


@pytest.fixture(scope="module")
def collection(files: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((files / postman.COLLECTION).read_text("utf-8"))
    return content


@pytest.fixture(scope="module")
def node() -> Path:
    """The folder that has newman and Postman's SDK, which newman brings."""
    try:
        return npm.installed("newman", newman.VERSION)
    except BuildError as error:
        pytest.skip(str(error))


def _items(folder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in folder["item"]:
        if "item" in item:
            yield from _items(item)
        else:
            yield item


def test_every_endpoint_of_the_client_is_asked() -> None:
    for endpoints, folders in ((V3_ENDPOINTS, V3), (V2_ENDPOINTS, V2)):
        asked = {request.endpoint for folder in folders for request in folder.requests}
        assert asked == set(endpoints)


def test_the_same_sources_make_the_same_bytes(files: Path, tmp_path: Path) -> None:
    for path in postman.write(tmp_path):
        assert path.read_bytes() == (files / path.name).read_bytes()


def test_the_key_is_a_secret_and_empty(files: Path) -> None:
    environment = json.loads((files / postman.ENVIRONMENT_FILE).read_text("utf-8"))
    [key] = [entry for entry in environment["values"] if entry["key"] == "api_key"]
    assert (key["type"], key["value"]) == ("secret", "")


def test_ids_are_unique_and_names_within_a_folder_too(collection: dict[str, Any]) -> None:
    items = list(_items(collection))
    assert len({item["id"] for item in items}) == len(items)
    for version in collection["item"]:
        for folder in version["item"]:
            names = [item["name"] for item in folder["item"]]
            assert len(set(names)) == len(names)


def test_every_variable_is_set_somewhere(collection: dict[str, Any]) -> None:
    used = set(re.findall(r"\{\{(\w+)\}\}", json.dumps([item["request"] for item in _items(collection)])))
    assert used <= {*ENVIRONMENT, *LEARNED, "api_key"}
    learned = used & set(LEARNED)
    scripts = json.dumps([item["event"] for item in _items(collection)])
    assert all(f'collectionVariables.set(\\"{name}\\"' in scripts for name in learned)


def test_every_request_has_the_examples_that_tell_its_answers_apart(collection: dict[str, Any]) -> None:
    for version in collection["item"]:
        quota, wrong = (429, 401) if version["name"] == "API v3" else (204, 403)
        for item in _items(version):
            codes = {example["name"]: example["code"] for example in item["response"]}
            assert codes["Answered"] == 200, item["name"]
            assert codes["Wrong key"] == wrong, item["name"]
            assert codes.get("Out of quota", quota) == quota, item["name"]
    unknown = [
        example["code"]
        for item in _items(collection["item"][0])
        for example in item["response"]
        if example["name"] == "Unknown"
    ]
    assert set(unknown) == {404}


def test_descriptions_say_what_it_costs_and_what_becomes_public(collection: dict[str, Any]) -> None:
    assert "not for commercial" in collection["info"]["description"]
    for item in _items(collection):
        about = item["request"]["description"]
        assert "quota" in about or "not count" in about
        if item["name"].startswith("Comment on a"):
            assert "public" in about


def test_writing_to_a_url_uses_its_sha256_and_reading_its_base64(collection: dict[str, Any]) -> None:
    urls = {item["name"]: item["request"]["url"]["raw"] for item in _items(collection["item"][0])}
    assert "{{url_id}}" in urls["Comment on a URL"]
    assert "{{url_base64}}" in urls["URL report"]


def test_the_v3_key_is_a_header_and_in_no_address_but_the_quotas(collection: dict[str, Any]) -> None:
    v3 = collection["item"][0]
    assert {"key": "in", "value": "header", "type": "string"} in v3["auth"]["apikey"]
    with_key = [item["name"] for item in _items(v3) if "api_key" in json.dumps(item["request"])]
    assert with_key == ["Quotas", "Use by endpoint"]


_READ = """
const sdk = require("postman-collection");
const collection = new sdk.Collection(JSON.parse(require("fs").readFileSync(0)));
const told = [];
collection.forEachItem((item) => told.push({
    name: item.name, method: item.request.method, url: item.request.url.toString(),
    auth: (item.getAuth() || {type: null}).type, codes: item.responses.map((response) => response.code),
    listens: item.events.map((event) => event.listen), body: item.request.body ? item.request.body.mode : null,
}));
process.stdout.write(JSON.stringify(told));
"""


def test_postmans_own_sdk_reads_all_of_it(collection: dict[str, Any], node: Path) -> None:
    done = subprocess.run(
        ["node", "-e", _READ], input=json.dumps(collection), cwd=node, capture_output=True, text=True, check=True
    )
    expected = [
        {
            "name": item["name"],
            "method": item["request"]["method"],
            "url": item["request"]["url"]["raw"],
            "codes": [example["code"] for example in item["response"]],
            "listens": [event["listen"] for event in item["event"]],
            "body": item["request"].get("body", {}).get("mode"),
        }
        for item in _items(collection)
    ]
    told = json.loads(done.stdout)
    auths = {item.pop("auth") for item in told}
    assert told == expected
    assert auths == {"apikey", "noauth"}


@pytest.mark.timeout(600)
def test_newman_passes_every_request_and_assertion_of_both_versions(files: Path, node: Path) -> None:
    ran = newman.run_on_sandbox(files)
    assert ran.failures == ()
    assert ran.requests == sum(len(folder.requests) for folder in (*V3, *V2))
    assert ran.assertions >= 2 * ran.requests


@pytest.mark.timeout(600)
def test_newman_sees_a_wrong_key(files: Path, node: Path) -> None:
    changes = {"base_url": "http://127.0.0.1:9", "api_key": "wrong"}
    assert newman.run(files, [V3[0].name], changes).failures
