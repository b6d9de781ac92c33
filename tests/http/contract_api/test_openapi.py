"""The description of the HTTP API: valid, complete, and what is served."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from package.http_api.openapi import NEW, OLD, write
from package.http_api.swagger import swagger
from tests.http.serving import EVERYTHING, Serving, serving
from tests.vtaction_process import EVERY_LICENCE
from vt_connectors.actions import ACTIONS
from vt_connectors.adapters.http.contract_api.listing import is_available
from vt_connectors.adapters.http.openapi.document import document

DOCUMENT = document()
# The document is the same on every Python. That it is served, and that the server does what it says, is tried on each.
_OF_THE_DOCUMENT = pytest.mark.once
AVAILABLE = [name for name in ACTIONS if is_available(name)]
OPERATIONS = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("state"), key=EVERY_LICENCE) as running:
        yield running


def _schema(name: str) -> dict[str, Any]:
    """A schema of the document with what it refers to. JSON pointers are kept."""
    return {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}


def _check(name: str, value: Any) -> None:
    jsonschema.Draft7Validator(_schema(name)).validate(value)


@_OF_THE_DOCUMENT
def test_both_descriptions_are_valid() -> None:
    # It needs a newer `jsonschema` than we do.
    validators = pytest.importorskip("openapi_spec_validator")
    validators.OpenAPIV31SpecValidator(DOCUMENT).validate()
    validators.OpenAPIV2SpecValidator(swagger(DOCUMENT)).validate()


@_OF_THE_DOCUMENT
def test_every_schema_is_valid_in_its_dialect() -> None:
    assert DOCUMENT["jsonSchemaDialect"] == "http://json-schema.org/draft-07/schema#"
    for rules in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft7Validator.check_schema(rules)


def test_every_available_action_is_an_operation_named_like_it() -> None:
    ids = [DOCUMENT["paths"][path][method]["operationId"] for path, method in OPERATIONS]
    assert len(ids) == len(set(ids))
    for name in AVAILABLE:
        assert DOCUMENT["paths"][f"/v1/actions/{name}"]["post"]["operationId"] == name


def test_the_description_is_open_and_has_no_secret(server: Serving) -> None:
    reply = server.call("GET", "/openapi.json", None)
    assert (reply.status_code, reply.json()) == (200, json.loads(json.dumps(DOCUMENT)))
    assert EVERY_LICENCE not in reply.text
    assert EVERYTHING not in reply.text


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_operation_is_served_and_answers_as_described(server: Serving, path: str, method: str) -> None:
    operation = DOCUMENT["paths"][path][method]
    content = operation.get("requestBody", {}).get("content", {})
    kind = next(iter(content), None)
    example = None if kind is None else content[kind]["example"]
    body = example if isinstance(example, (str, type(None))) else json.dumps(example)
    query = "?value=8.8.8.8" if path == "/v1/lookup" else ""
    reply = server.call(method.upper(), path + query, EVERYTHING, {"Content-Type": kind} if kind else {}, data=body)
    assert reply.status_code == 200, reply.text
    rules = operation["responses"]["200"]["content"][reply.headers["Content-Type"]]["schema"]
    if "$ref" in rules:
        _check(rules["$ref"].rpartition("/")[2], reply.json())
        assert reply.json()["error"] is None or path in ("/v1/actions/get_analysis", "/v1/actions/delete_comment")


@_OF_THE_DOCUMENT
@pytest.mark.parametrize("name", AVAILABLE)
def test_the_example_of_an_action_is_valid_by_its_schema(name: str) -> None:
    body = DOCUMENT["paths"][f"/v1/actions/{name}"]["post"]["requestBody"]["content"]["application/json"]
    _check(body["schema"]["$ref"].rpartition("/")[2], body["example"])


def test_refusals_and_responses_of_the_contract_are_both_described(server: Serving) -> None:
    headers = {"Content-Type": "application/json"}
    _check("Problem", server.call("POST", "/v1/run", EVERYTHING, headers, data="{").json())
    _check("Problem", server.call("POST", "/v1/run?http_status=1", EVERYTHING, headers, data="{}").json())
    _check("Refusal", server.call("POST", "/v1/run", None, headers, data="{}").json())


def test_what_is_different_over_http_is_said_in_the_description_and_in_the_list_of_actions(server: Serving) -> None:
    paths = document()["paths"]
    assert "`since`" in paths["/v1/actions/ioc_stream"]["post"]["description"]
    assert "`content_base64`" in paths["/v1/actions/scan_file"]["post"]["description"]
    listed = {entry["name"]: entry for entry in server.call("GET", "/v1/actions").json()["actions"]}
    assert "`since`" in listed["ioc_stream"]["note"]
    assert "note" not in listed["lookup_hash"]


def test_writes_take_an_idempotency_key_and_reads_do_not() -> None:
    for name in AVAILABLE:
        action = ACTIONS[name]
        parameters = DOCUMENT["paths"][f"/v1/actions/{name}"]["post"]["parameters"]
        has_key = {"$ref": "#/components/parameters/idempotency_key"} in parameters
        assert has_key is (action.writes or bool(action.write_params))


@_OF_THE_DOCUMENT
def test_the_older_description_has_the_same_operations_and_nothing_that_it_cannot_express() -> None:
    old = swagger(DOCUMENT)
    ids = {each["operationId"] for item in old["paths"].values() for each in item.values()}
    new = {DOCUMENT["paths"][path][method]["operationId"] for path, method in OPERATIONS}
    assert {name for name in new - ids if not name.startswith("describe_")} == set()
    text = json.dumps(old)
    for word in ("anyOf", "oneOf", "jsonSchemaDialect", "examples", "components"):
        assert f'"{word}":' not in text
    assert re.search(r'"type": \[|"type": "null"', text) is None


@_OF_THE_DOCUMENT
def test_a_value_that_may_be_null_is_marked_in_the_older_description() -> None:
    options = swagger(DOCUMENT)["definitions"]["Options"]["properties"]
    assert (options["max_age_s"]["type"], options["max_age_s"]["x-nullable"]) == ("number", True)
    assert (options["cache"]["enum"], options["cache"]["x-nullable"]) == (["default", "refresh", "only", "off"], True)


def test_both_files_are_written_and_always_the_same(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write(tmp_path / "one")]
    assert [path.name for path in write(tmp_path / "two")] == [NEW, OLD]
    assert [path.read_bytes() for path in sorted((tmp_path / "two").iterdir(), reverse=True)] == first
