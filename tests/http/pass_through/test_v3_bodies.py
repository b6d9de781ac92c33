"""Bodies of calls to API v3: their types, and uploads without a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..serving import serving

COMMENTS = "/api/v3/domains/example.com/comments"
COMMENT = '{"data": {"type": "comment", "attributes": {"text": "seen & noted = 100 %"}}}'
# What curl -d sends if no type is named.
OF_CURL = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("begin", ["", "\n  "])
def test_a_json_object_is_passed_on_as_json_although_curl_calls_it_a_form(tmp_path: Path, begin: str) -> None:
    with serving(tmp_path) as server:
        reply = server.call("POST", COMMENTS, data=begin + COMMENT, headers=OF_CURL)
        assert reply.status_code == 200
        assert reply.json()["data"]["attributes"]["text"] == "seen & noted = 100 %"
        assert len(server.sandbox.requests) == 1


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (OF_CURL["Content-Type"], '{"data": '),
        (OF_CURL["Content-Type"], '["data"]'),
        (OF_CURL["Content-Type"], "a text"),
        ("application/json", "text=1"),
        ("text/plain", COMMENT),
        ("multipart/form-data", COMMENT),
        ("multipart/form-data; boundary=b", COMMENT),
    ],
)
def test_a_body_of_another_type_is_refused_with_the_name_of_the_header(
    tmp_path: Path, content_type: str, body: str
) -> None:
    with serving(tmp_path) as server:
        reply = server.call("POST", COMMENTS, data=body, headers={"Content-Type": content_type})
        assert reply.status_code in (400, 415)
        assert "Content-Type" in reply.json()["error"]["message"]
        assert server.sandbox.all_requests == []


@pytest.mark.parametrize("path", ["/api/v3/files", "/api/v3/private/files"])
def test_an_upload_without_a_file_costs_no_request(tmp_path: Path, path: str) -> None:
    with serving(tmp_path) as server:
        for rest in ({"files": {"password": (None, "a")}}, {"data": {"file": "a"}}, {"json": {"file": "a"}}, {}):
            reply = server.call("POST", path, **rest)
            assert (reply.status_code, reply.json()["error"]["code"]) == (400, "BadRequestError")
            assert "the field file" in reply.json()["error"]["message"]
        assert server.sandbox.all_requests == []
