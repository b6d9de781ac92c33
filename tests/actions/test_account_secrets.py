"""Responses of VirusTotal that contain the API key: the user object, and texts that repeat it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vt_connectors import connect
from vt_connectors.actions.account_secrets import remove_secrets
from vt_connectors.api_key import ApiKey
from vt_connectors.sandbox import Quota, SandboxServer

KEY = "the-key-of-an-account-0123456789"


def without_secrets(document: Any) -> Any:
    remove_secrets(document, (ApiKey(KEY),))
    return document


@pytest.mark.parametrize("path", ["me", "users/me-by-id"])
def test_the_user_object_is_read_without_its_key_and_its_address(tmp_path: Path, path: str) -> None:
    with (
        SandboxServer(Quota.unlimited()) as server,
        connect(api_key=KEY, api_url=server.url, state=tmp_path / "state.db") as vt,
    ):
        user = vt.run("vt_get", path="me").data["response"]["data"]
        found = vt.run("vt_get", path=path.replace("me-by-id", user["id"]), cache="refresh").data["response"]["data"]
        # Calls about accounts are never cached.
        again = vt.run("vt_get", path=path.replace("me-by-id", user["id"]), cache="default").data["response"]["data"]
    assert found["type"] == "user"
    assert {"apikey", "email"}.isdisjoint(found["attributes"])
    assert found["attributes"]["quotas"]
    assert found == again


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"data": [{"a": f"x {KEY} y"}]}, {"data": [{"a": "x [key] y"}]}),
        ({KEY: [KEY]}, {"[key]": ["[key]"]}),
        ({"a": {"APIKey": "another"}}, {"a": {}}),
        ({"type": "user", "attributes": {"email": "a@b.example", "x": 1}}, {"type": "user", "attributes": {"x": 1}}),
        ({"type": "file", "attributes": {"email": "a@b.example"}}, None),
        ({"type": "user", "attributes": None}, None),
    ],
)
def test_keys_are_removed_wherever_they_are(document: Any, expected: Any) -> None:
    before = json.loads(json.dumps(document))
    assert without_secrets(document) == (before if expected is None else expected)


def test_a_document_may_be_nested_as_deep_as_it_can_be_read() -> None:
    deep: list[Any] = [KEY]
    for _ in range(5000):
        deep = [deep]
    found = without_secrets({"data": deep})["data"]
    while isinstance(found[0], list):
        found = found[0]
    assert found == ["[key]"]
